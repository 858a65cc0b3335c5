import { describe, expect, it } from 'vitest';
import { ISSUER, KeysOfTest, PipelineOfTest, toFirstWait } from '../../test/support/pipeline.js';
import { createKey } from '../../test/support/signing-key.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { drive } from './drive.js';
import { stepsFor } from './steps.js';

const KEY = createKey('ES256', 'k1');
const ANOTHER = createKey('ES256', 'k2');

const create = (
  options: Partial<IdentityModuleOptions> = {},
): PipelineOfTest & { readonly keys: KeysOfTest } => new PipelineOfTest(KEY, new KeysOfTest(KEY), options);
const TENANTS: Partial<IdentityModuleOptions> = {
  issuer: undefined,
  allowedIssuers: () => true,
  issuers: (issuer) => ({ issuer }),
};

describe('a run', () => {
  it('ends with a frozen token whose key is known', () => {
    const pipeline = create();
    const token = pipeline.token({ nested: { list: [{}] } });
    const run = pipeline.run(token);
    expect(() => run.validated).toThrow('a step of the pipeline ran before the one that it builds on');
    expect(() => run.rules).toThrow('a step of the pipeline ran before the one that it builds on');
    expect(toFirstWait(run)).toBeUndefined();
    const { validated } = run;
    expect(validated).toMatchObject({ issuer: ISSUER, token, header: { alg: 'ES256', kid: 'k1' } });
    const { nested } = validated.claims as unknown as { nested: { list: object[] } };
    for (const each of [validated, validated.claims, validated.header, nested, nested.list, nested.list[0]]) {
      expect(Object.isFrozen(each)).toBe(true);
    }
    expect([run.verified, run.key, run.issuer]).toEqual([true, pipeline.keys.here?.[0], pipeline.issuer]);
    expect(pipeline.counted).toEqual({ hits: 1, misses: 0 });
    expect(pipeline.proven).toEqual([]);
  });

  it('remembers the header of a verified token, and of no other', () => {
    const pipeline = create();
    const [segment = ''] = pipeline.token().split('.');
    expect(() => toFirstWait(pipeline.run(pipeline.token({ exp: 1 })))).toThrow();
    expect(pipeline.context.headers?.find(pipeline.token(), segment.length)).toBeUndefined();
    const run = pipeline.run(pipeline.token());
    toFirstWait(run);
    expect(pipeline.context.headers?.find(pipeline.token(), segment.length)?.header).toBe(
      run.validated.header,
    );
    const again = pipeline.run(pipeline.token());
    toFirstWait(again);
    expect(again.validated.header).toBe(run.validated.header);
  });

  it('refuses a token without an issuer, of an unknown one, and of one that the call excludes', () => {
    const pipeline = create();
    expect(() => toFirstWait(pipeline.run(pipeline.token({ iss: undefined })))).toThrow('unknown: undefined');
    pipeline.answer = undefined;
    expect(() => toFirstWait(pipeline.run(pipeline.token()))).toThrow('unknown: string');
    pipeline.answer = pipeline.issuer;
    expect(() => toFirstWait(pipeline.run(pipeline.token(), { rulesFor: () => undefined }))).toThrow(
      expect.objectContaining({ code: 'issuer_not_accepted' }),
    );
  });

  it('refuses a token for which it is known that there is no key', () => {
    const pipeline = create();
    pipeline.keys.here = [];
    expect(() => toFirstWait(pipeline.run(pipeline.token()))).toThrow(
      expect.objectContaining({
        code: 'key_not_found',
        message: `No key of ${ISSUER} has the "kid" and "alg" of the token.`,
      }),
    );
    expect(pipeline.counted).toEqual({ hits: 1, misses: 0 });
  });

  it('takes the algorithm, the type and the scopes from the rules of the call', () => {
    const pipeline = create();
    const { rules } = pipeline.issuer;
    const codeWith = (changed: object, scopes: string[] = []): unknown => {
      try {
        toFirstWait(
          pipeline.run(pipeline.token(), {
            rulesFor: () => ({ ...rules, scopes, tokenRules: { ...rules.tokenRules, ...changed } }),
          }),
        );
        return undefined;
      } catch (error) {
        return Reflect.get(error as object, 'code');
      }
    };
    expect(codeWith({})).toBeUndefined();
    expect(codeWith({ algorithms: ['RS256'] })).toBe('algorithm_not_allowed');
    expect(codeWith({ tokenTypes: ['jwt'] })).toBe('token_type_not_accepted');
    expect(codeWith({ audience: ['x'] })).toBe('audience_mismatch');
    expect(codeWith({}, ['orders:read'])).toBe('scope_missing');
  });

  it('reads the clock once if nothing was waited for, and compares again after a wait', async () => {
    const pipeline = create();
    let reads = 0;
    const { clock } = pipeline;
    Object.assign(pipeline.context, {
      clock: { monotonicMs: () => clock.monotonicMs(), wallMs: () => ++reads && clock.wallMs() },
    });
    toFirstWait(pipeline.run(pipeline.token()));
    expect(reads).toBe(1);
    pipeline.keys.here = undefined;
    const waiting = pipeline.run(pipeline.token());
    pipeline.keys.arriving = new KeysOfTest(KEY).here ?? [];
    await drive(waiting, stepsFor(waiting), (wait) => wait());
    expect([reads, waiting.verified]).toEqual([3, true]);
    const late = pipeline.run(pipeline.token());
    const later = drive(late, stepsFor(late), async (wait) => {
      await clock.advance(360_000);
      return wait();
    });
    await expect(later).rejects.toMatchObject({ code: 'token_expired' });
    expect(late.verified).toBe(false);
  });
});

describe('a run for a tenant', () => {
  const STRANGE: [string, object, Record<string, unknown>, string][] = [
    ['an algorithm that no issuer may have', {}, { alg: 'HS256' }, 'algorithm_not_allowed'],
    ['another type', {}, { typ: 'secevent+jwt' }, 'token_type_not_accepted'],
    ['an expired token', { exp: 1 }, {}, 'token_expired'],
  ];

  it.each(STRANGE)('does not ask the application for %s', (_what, claims, header, code) => {
    const pipeline = create(TENANTS);
    expect(() => toFirstWait(pipeline.run(pipeline.token(claims, header)))).toThrow(
      expect.objectContaining({ code }),
    );
    expect(pipeline.asked).toBe(0);
    // Whoever asks for the key alone checks the rest later, so the application is asked: no check throws before.
    const keyOnly = pipeline.run(pipeline.token(claims, header), { keyOnly: true });
    keyOnly.parse();
    expect(keyOnly.findIssuer()).toBeUndefined();
    expect(keyOnly.issuer).toBe(pipeline.issuer);
    // The issuers that the configuration names are no secret.
    const configured = create();
    const run = configured.run(configured.token(claims, header));
    run.parse();
    expect(run.findIssuer()).toBeUndefined();
  });

  it('proves the issuer by a verified token, and only that', () => {
    const pipeline = create(TENANTS);
    pipeline.keys.here = new KeysOfTest(ANOTHER).here;
    expect(toFirstWait(pipeline.run(pipeline.token()))).toBeDefined();
    expect(pipeline.proven).toEqual([]);
    pipeline.keys.here = new KeysOfTest(KEY).here;
    toFirstWait(pipeline.run(pipeline.token()));
    expect(pipeline.proven).toEqual([pipeline.issuer]);
  });
});

it('has all steps of the pipeline before it', () => {
  const pipeline = create();
  expect(stepsFor(pipeline.run(pipeline.token())).map(({ name }) => name)).toEqual([
    'form',
    'issuer',
    'algorithm',
    'type',
    'claims',
    'key',
    'signature',
    'verdict',
    'remember',
    'sender',
    'scopes',
    'hooks',
  ]);
});

describe('a token that was verified before', () => {
  const cached = (): PipelineOfTest & { readonly keys: KeysOfTest } => create({ tokenCache: {} });
  const statsOf = (pipeline: PipelineOfTest): unknown => {
    const { hits, misses, size } = pipeline.context.tokenCache?.stats() ?? { hits: -1, misses: -1, size: -1 };
    return [hits, misses, size];
  };

  it('needs no key and no signature, and all other checks', () => {
    const pipeline = cached();
    const token = pipeline.token();
    const first = pipeline.run(token);
    toFirstWait(first);
    expect(statsOf(pipeline)).toEqual([0, 1, 1]);
    pipeline.keys.here = [];
    const again = pipeline.run(token);
    expect(stepsFor(again).map(({ name }) => name)).toEqual([
      'issuer',
      'algorithm',
      'type',
      'claims',
      'sender',
      'scopes',
      'hooks',
    ]);
    expect(toFirstWait(pipeline.run(token))).toBeUndefined();
    expect(again.validated).toBe(first.validated);
    expect([again.verified, again.issuer]).toEqual([true, pipeline.issuer]);
    expect(statsOf(pipeline)).toEqual([2, 1, 1]);
    expect(pipeline.counted).toEqual({ hits: 3, misses: 0 });
  });

  it('is held against the rules of the call and the clock on each use', async () => {
    const pipeline = cached();
    const token = pipeline.token();
    toFirstWait(pipeline.run(token));
    const { rules } = pipeline.issuer;
    for (const [changed, code] of [
      [{ algorithms: ['RS256'] }, 'algorithm_not_allowed'],
      [{ tokenTypes: ['jwt'] }, 'token_type_not_accepted'],
      [{ audience: ['x'] }, 'audience_mismatch'],
    ] as const) {
      const rulesFor = (): typeof rules => ({ ...rules, tokenRules: { ...rules.tokenRules, ...changed } });
      expect(() => toFirstWait(pipeline.run(token, { rulesFor }))).toThrow(expect.objectContaining({ code }));
    }
    await pipeline.clock.advance(360_000);
    expect(() => toFirstWait(pipeline.run(token))).toThrow(
      expect.objectContaining({ code: 'token_expired' }),
    );
  });

  it('proves a tenant', () => {
    const pipeline = create({ ...TENANTS, tokenCache: {} });
    const token = pipeline.token();
    toFirstWait(pipeline.run(token));
    toFirstWait(pipeline.run(token));
    expect(pipeline.proven).toEqual([pipeline.issuer, pipeline.issuer]);
    // Once for each use: a recalled token knows its issuer.
    expect(pipeline.asked).toBe(2);
  });

  it('is forgotten once the keys have changed, and kept while it is not known', () => {
    const pipeline = cached();
    const token = pipeline.token();
    toFirstWait(pipeline.run(token));
    pipeline.keys.state = undefined;
    expect(pipeline.run(token).recall()).toBe(false);
    expect(statsOf(pipeline)).toEqual([0, 2, 1]);
    pipeline.keys.state = {};
    expect(pipeline.run(token).recall()).toBe(false);
    expect(statsOf(pipeline)).toEqual([0, 3, 0]);
  });

  it('is not recalled while its issuer is unknown or asked for', async () => {
    const pipeline = cached();
    const token = pipeline.token();
    toFirstWait(pipeline.run(token));
    pipeline.answer = undefined;
    expect(pipeline.run(token).recall()).toBe(false);
    pipeline.answer = Promise.reject(new Error('from the application'));
    expect(pipeline.run(token).recall()).toBe(false);
    // A rejection that nobody handles fails the run.
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(statsOf(pipeline)).toEqual([0, 3, 1]);
  });

  it('is not remembered without a state of the keys, and not after a wait', async () => {
    const pipeline = cached();
    pipeline.keys.state = undefined;
    toFirstWait(pipeline.run(pipeline.token()));
    expect(statsOf(pipeline)).toEqual([0, 1, 0]);
    pipeline.keys.state = {};
    pipeline.keys.arriving = pipeline.keys.here ?? [];
    pipeline.keys.here = undefined;
    const run = pipeline.run(pipeline.token());
    await drive(run, stepsFor(run), (wait) => wait());
    expect(run.verified).toBe(true);
    expect(statsOf(pipeline)).toEqual([0, 2, 0]);
  });

  it('counts nothing for what is no text, or if there is no cache', () => {
    const pipeline = cached();
    expect(pipeline.run(undefined).recall()).toBe(false);
    expect(statsOf(pipeline)).toEqual([0, 0, 0]);
    expect(create().run('x').recall()).toBe(false);
  });
});
