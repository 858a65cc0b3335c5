import * as fc from 'fast-check';
import { ClientNames } from '../model/client-names.js';
import { ScopeHierarchy } from '../model/scope-hierarchy.js';
import { Agent } from 'undici';
import { describe, expect, it } from 'vitest';
import { createKey } from '../../test/support/signing-key.js';
import { IdentityError } from '../errors/identity-error.js';
import { isVerifiableHere, SIGNATURE_ALGORITHMS } from '../model/algorithms.js';
import { resolveOptions } from './resolve-options.js';
import type { ResolvedIssuer, ResolvedOptions } from './resolved-options.js';
import { pem } from '../../test/support/tls-provider.js';

const PEM = pem('ca');

const ISSUER = 'https://id.example.com';
const OTHER = 'https://other.example.com';
const MINIMAL = { issuer: ISSUER, audience: 'orders-api' };
const JWK = createKey('ES256', 'k').jwk;
const CIRCULAR: { keys: unknown[] } = { keys: [] };
CIRCULAR.keys.push(CIRCULAR);

const resolve = (options: object, environment: NodeJS.ProcessEnv = {}): ResolvedOptions =>
  resolveOptions({ ...MINIMAL, ...options }, environment);

function onlyIssuer(options: object, environment?: NodeJS.ProcessEnv): ResolvedIssuer {
  const [issuer] = resolve(options, environment).issuers;
  if (issuer === undefined) throw new Error('no issuer');
  return issuer;
}

/** The problems that stop the start, one a line; none where the options are good. */
function problemsOf(raw: unknown, environment: NodeJS.ProcessEnv = {}): string[] {
  try {
    resolveOptions(raw, environment);
    return [];
  } catch (error) {
    if (!(error instanceof IdentityError) || error.code !== 'options_invalid') throw error;
    return error.message.split('\n  - ').slice(1);
  }
}

const problems = (options: object, environment?: NodeJS.ProcessEnv): string[] =>
  problemsOf({ ...MINIMAL, ...options }, environment);

/** One problem, and it is this one. */
function expectProblem(options: object, pattern: RegExp | string): void {
  const found = problems(options);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(pattern);
}

describe('the defaults', () => {
  it('are those of the documentation', () => {
    const { issuers: _, ...options } = resolve({});
    expect(options).toEqual({
      tokenTypes: ['at+jwt', 'jwt', null],
      acceptIdTokens: false,
      acceptEventsClaim: false,
      requiredClaims: ['exp'],
      clockToleranceMs: 30_000,
      mapUser: undefined,
      maxTokenBytes: 16_384,
      jwtFromRequest: undefined,
      realm: 'api',
      scopeClaim: ['scope', 'scp'],
      publicUrl: undefined,
      scopeImplies: ScopeHierarchy.NONE,
      resources: [],
      warmUp: 'background',
      cache: { maxEntries: 128 },
      transports: {
        tokenFromUrl: false,
        tokenFromPayload: false,
        tokenFromCookie: undefined,
        closeExpired: false,
      },
      discovery: { ttlMs: 3_600_000, minTtlMs: 60_000, maxTtlMs: 86_400_000, staleIfErrorMs: 86_400_000 },
      jwks: {
        ttlMs: 600_000,
        minTtlMs: 60_000,
        maxTtlMs: 3_600_000,
        staleIfErrorMs: 86_400_000,
        unknownKidCooldownMs: 2_000,
        unknownKidMaxWaitMs: 5_000,
        unknownKidTtlMs: 5_000,
        maxWaiting: 1_000,
        badSignatureCooldownMs: 2_000,
      },
      refreshAheadRatio: 0.8,
      requirementMode: 'enforce',
      clientNames: ClientNames.NONE,
      senderConstrained: 'reject',
      dpop: {
        algorithms: ['ES256', 'EdDSA', 'Ed25519'],
        maxAgeMs: 60_000,
        clockToleranceMs: 10_000,
        replay: 'once',
        maxProofs: 500_000,
        onStoreFailure: 'local',
        nonce: undefined,
      },
      unguarded: 'error',
      logRejections: false,
      warnings: [],
      decided: [],
    });
  });

  it('of an issuer are those of the documentation', () => {
    expect(resolve({}).issuers).toEqual([
      {
        issuer: ISSUER,
        metadataIssuer: ISSUER,
        audience: ['orders-api'],
        audienceClaim: 'aud',
        algorithms: SIGNATURE_ALGORITHMS.filter(isVerifiableHere).map((row) => row.name),
        profile: 'any',
        discoveryUrl: undefined,
        jwksUri: undefined,
        jwks: undefined,
        validate: [],
        rolesClaim: undefined,
        acrOrder: [],
        stepUp: 'rfc9470',
        http: {
          timeoutMs: 5_000,
          deadlineMs: 10_000,
          retries: 2,
          maxConnections: 100,
          keepAliveMs: 60_000,
          maxResponseBytes: 524_288,
          allowInsecureOrigins: [],
          allowPrivateNetworks: true,
          followRedirects: false,
          headers: {},
          credentialOrigins: [],
          tls: undefined,
          authorities: [],
          dispatcher: undefined,
          proxies: undefined,
        },
      },
    ]);
  });

  const NESTED: Record<string, object> = {
    cache: { maxEntries: undefined },
    discovery: { ttlMs: undefined, minTtlMs: undefined, maxTtlMs: undefined, staleIfErrorMs: undefined },
    jwks: {
      ttlMs: undefined,
      unknownKidCooldownMs: undefined,
      unknownKidMaxWaitMs: undefined,
      unknownKidTtlMs: undefined,
      maxWaiting: undefined,
    },
    http: { timeoutMs: undefined, retries: undefined, headers: undefined, tls: undefined, proxy: undefined },
  };

  it('hold for what is undefined, as for what is absent', () => {
    const names = [...Object.keys(resolve({})), ...Object.keys(onlyIssuer({}))];
    const own = (name: string): boolean =>
      !(name in MINIMAL) && !['tenants', 'warnings', 'decided'].includes(name);
    const undefineds = Object.fromEntries(names.filter(own).map((name) => [name, undefined]));
    expect(resolve(undefineds)).toEqual(resolve({}));
    expect(resolve({ ...undefineds, ...NESTED })).toEqual(resolve({}));
  });

  it('are the same objects for nobody to change', () => {
    const open: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || value instanceof Agent)
        return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [name, member] of Object.entries(value)) visit(member, `${path}.${name}`);
    };
    visit(resolve({}), 'minimal');
    const full = {
      issuers: [
        {
          issuer: ISSUER,
          audience: ['a', 'b'],
          algorithms: ['RS256', 'EdDSA'],
          validate: () => true,
          jwks: { keys: [JWK] },
          http: {
            allowInsecureOrigins: ['http://idp.test'],
            headers: { 'X-Key': 'x' },
            tls: { ca: [PEM, Buffer.from(PEM)] },
            proxy: false,
          },
        },
        { issuer: OTHER, http: { dispatcher: new Agent() } },
      ],
      audience: null,
      tokenTypes: ['JWT'],
      requiredClaims: ['sub'],
      scopeClaim: ['a', 'b'],
      cache: { maxEntries: 5 },
      discovery: { ttlMs: 100_000 },
      jwks: { ttlMs: 100_000 },
    };
    visit(resolveOptions(full, {}), 'full');
    expect(open).toEqual([]);
  });

  it('are not touched by what the application does to its own objects later', () => {
    const audience = ['orders-api'];
    const keys = [JWK];
    const ca = [PEM];
    const raw = { issuers: [{ issuer: ISSUER, audience, jwks: { keys }, http: { tls: { ca } } }] };
    const options = resolveOptions(raw, {});
    audience.push('evil');
    keys.pop();
    ca.push('evil');
    expect(options.issuers[0]?.audience).toEqual(['orders-api']);
    expect(options.issuers[0]?.jwks?.['keys']).toHaveLength(1);
    expect(options.issuers[0]?.http.tls?.ca).toEqual([PEM]);
    expect(Object.isFrozen(audience)).toBe(false);
  });
});

describe('what is wrong', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
  ])('with %s is that the issuer and the audience are missing, both at once', (_what, raw) => {
    expect(problemsOf(raw)).toEqual([
      expect.stringMatching(/^issuer: is missing/),
      expect.stringMatching(/^audience: is missing/),
    ]);
  });

  it('of one issuer is told whole, also if its name is missing or wrong', () => {
    const wrong = { audience: 1, discoveryUrl: 'x', jwksUri: 'y', profile: 'z' };
    for (const name of [{}, { issuer: 1 }, { issuer: '' }]) {
      const found = problemsOf({ issuers: [{ ...name, ...wrong }] }).map((line) => line.split(':')[0]);
      const expected = ['issuer', ...Object.keys(wrong)].map((option) => `issuers[0].${option}`);
      expect(new Set(found)).toEqual(new Set(expected));
    }
  });

  it.each([
    ['https://id.example.com/.well-known/openid-configuration', 'https://id.example.com'],
    ['https://id.example.com/.well-known/openid-configuration/', 'https://id.example.com'],
    ['https://id.example.com/realms/a/.well-known/openid-configuration', 'https://id.example.com/realms/a'],
    ['https://id.example.com/.well-known/oauth-authorization-server', 'https://id.example.com'],
    ['https://id.example.com/.well-known/oauth-authorization-server/a/b', 'https://id.example.com/a/b'],
  ])('names the issuer that is meant by %s', (url, issuer) => {
    expectProblem(
      { issuer: url },
      `issuer: is the URL of a metadata document; expected the "issuer" in that document, probably '${issuer}'`,
    );
    expect(problemsOf({ audience: 'a', issuers: [{ issuer: url }] })).toEqual([
      expect.stringContaining(`probably '${issuer}'`),
    ]);
    expectProblem(
      { metadataIssuer: url },
      `metadataIssuer: is the URL of a metadata document; expected its "issuer", probably '${issuer}'`,
    );
    expectProblem(
      { jwksUri: url },
      'jwksUri: is the URL of a metadata document, not of a key set; name it "discoveryUrl"',
    );
    expect(problems({ discoveryUrl: url })).toEqual([]);
    // In writing where the document is: then the name is what it is.
    expect(problems({ issuer: url, discoveryUrl: url })).toEqual([]);
  });

  it.each(['issuer', 'metadataIssuer', 'discoveryUrl', 'audienceClaim', 'realm'])(
    'is a space or a line break around %s',
    (name) => {
      expectProblem({ [name]: `${ISSUER}\n` }, new RegExp(`^${name}: expected a string without spaces`));
      expectProblem({ [name]: ` ${ISSUER}` }, new RegExp(`^${name}: expected a string without spaces`));
    },
  );

  it.each([['orders-api\n'], [' orders-api'], [['a', 'orders-api ']]])(
    'is a space around the audience %j',
    (audience) => {
      expectProblem({ audience }, /^audience: expected names without spaces/);
    },
  );

  it('is a profile that contradicts what is accepted', () => {
    const profile = 'rfc9068';
    expectProblem({ profile, audienceClaim: 'client_id' }, /^audienceClaim: contradicts "profile"/);
    expectProblem({ profile, tokenTypes: ['JWT', null] }, /^tokenTypes: contradicts "profile"/);
    expect(problems({ profile, tokenTypes: ['application/AT+jwt'], audienceClaim: 'aud' })).toEqual([]);
    const issuers = [{ issuer: ISSUER, profile }, { issuer: OTHER }];
    expect(problemsOf({ audience: 'a', audienceClaim: 'client_id', issuers })).toEqual([
      expect.stringMatching(/^issuers\[0\]\.audienceClaim: contradicts "profile"/),
    ]);
    expect(problemsOf({ audience: 'a', tokenTypes: ['JWT'], issuers })).toEqual([
      expect.stringMatching(/^tokenTypes: contradicts "profile"/),
    ]);
  });

  it.each([['text'], [1], [true], [[]], [() => MINIMAL]])('with %j is that it is no object', (raw) => {
    expect(problemsOf(raw)[0]).toMatch(/^options: expected an object/);
  });

  const NUMBERS = [
    'clockToleranceMs',
    'maxTokenBytes',
    'refreshAheadRatio',
    'cache.maxEntries',
    'discovery.ttlMs',
    'discovery.minTtlMs',
    'discovery.maxTtlMs',
    'discovery.staleIfErrorMs',
    'jwks.ttlMs',
    'jwks.minTtlMs',
    'jwks.maxTtlMs',
    'jwks.staleIfErrorMs',
    'jwks.unknownKidCooldownMs',
    'jwks.unknownKidMaxWaitMs',
    'jwks.unknownKidTtlMs',
    'jwks.maxWaiting',
    'jwks.badSignatureCooldownMs',
    'http.timeoutMs',
    'http.deadlineMs',
    'http.retries',
    'http.maxConnections',
    'http.keepAliveMs',
    'http.maxResponseBytes',
  ];
  const nest = (path: string, value: unknown): object => {
    const [outer = '', inner] = path.split('.');
    return { [outer]: inner === undefined ? value : { [inner]: value } };
  };

  it.each(NUMBERS)('with %s: strings, null, NaN, infinity, negative numbers', (path) => {
    for (const value of [
      '1000',
      '',
      null,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -1,
      true,
      [1000],
      {},
      1000n,
    ]) {
      const found = problems(nest(path, value));
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(
        new RegExp(`^${path.replace('.', String.raw`\.`)}: expected a (whole )?number`),
      );
    }
  });

  it.each([
    'maxTokenBytes',
    'cache.maxEntries',
    'jwks.maxWaiting',
    'http.retries',
    'http.maxConnections',
    'http.maxResponseBytes',
  ])('with %s is a fraction', (path) => {
    expectProblem(nest(path, 1000.5), /expected a whole number/);
  });

  it.each([
    ['clockToleranceMs', 600_001],
    ['maxTokenBytes', 255],
    ['maxTokenBytes', 1_048_577],
    ['refreshAheadRatio', 0.09],
    ['refreshAheadRatio', 1.01],
    ['cache.maxEntries', 0],
    ['jwks.unknownKidCooldownMs', 0],
    ['jwks.unknownKidMaxWaitMs', 0],
    ['jwks.badSignatureCooldownMs', 0],
    ['jwks.unknownKidTtlMs', 2 ** 31],
    ['http.timeoutMs', 0],
    ['http.deadlineMs', 2 ** 31],
    ['http.retries', 11],
    ['http.maxConnections', 0],
  ])('with %s is %d, beyond its range', (path, value) => {
    expectProblem(nest(path, value), /expected a .*number.* from .* to /);
  });

  it.each([
    ['clockToleranceMs', 0],
    ['clockToleranceMs', 600_000],
    ['maxTokenBytes', 256],
    ['refreshAheadRatio', 1],
    ['jwks.maxWaiting', 0],
    ['jwks.staleIfErrorMs', 0],
    ['http.retries', 0],
  ])('with %s is not %d, at the edge of its range', (path, value) => {
    expect(problems(nest(path, value))).toEqual([]);
  });

  it.each([
    ['acceptIdTokens', ['yes', 1, null, 'false']],
    ['http.followRedirects', ['yes', 1, null]],
    ['http.allowPrivateNetworks', ['yes', 1, null]],
    ['issuer', [1, '', ' ', null, [ISSUER], {}]],
    ['audience', [1, '', ' ', [], [''], ['a', 1], [null], {}, true]],
    ['audienceClaim', [1, '', null, ['aud']]],
    ['algorithms', ['RS256', [], [1], [''], null, {}]],
    ['profile', ['RFC9068', '', null, 1, ['any']]],
    ['validate', [true, 'yes', null, {}]],
    ['metadataIssuer', [1, '', null]],
    ['discoveryUrl', [1, '', null]],
    ['jwksUri', [1, '', null]],
    ['http', [null, [], 'x', 1]],
    ['issuers', [null, [], {}, ISSUER]],
    ['tokenTypes', ['JWT', [], [''], [1], [undefined], null, {}]],
    ['requiredClaims', ['sub', [], [1], [''], null]],
    ['mapUser', ['user', null, {}]],
    ['jwtFromRequest', ['header', null, {}]],
    ['realm', [1, '', null, 'a\nb', 'ü', 'a\0']],
    [
      'publicUrl',
      [1, '', null, 'x', '/x', 'http://x.test', 'https://x.test/#a', 'https://x.test/\r\nSet-Cookie: a'],
    ],
    ['scopeImplies', [1, null, [], 'a']],
    ['stepUp', ['Entra', null, '']],
    ['acrOrder', ['a', [], [1], [''], null]],
    ['scopeClaim', [1, '', null, [], [1], {}]],
    ['rolesClaim', [1, '', null, [], [1], {}]],
    ['senderConstrained', ['Accept', null, true, '']],
    ['warmUp', ['later', null, true, 'constructor']],
    ['unguarded', ['ignore', null, false]],
    ['cache', [null, [], 1]],
    ['discovery', [null, [], 1]],
    ['jwks', [null, [], 1]],
    [
      'http.allowInsecureOrigins',
      [
        'http://idp.test',
        ['https://idp.test'],
        ['http://idp.test/'],
        ['idp.test'],
        [1],
        ['http://IDP.test'],
        null,
      ],
    ],
    ['http.headers', [null, [], 'x', { a: 1 }, { 'a b': 'x' }, { a: 'x\r\nb: y' }, { '': 'x' }, { a: 'ü' }]],
    ['http.tls', [null, [], 'pem']],
    ['http.dispatcher', [null, 'agent', {}, 1]],
    ['http.proxy', [null, true, '', 'socks5://proxy.test', 'http://', 'a b', 1]],
  ])('with %s is its type or form', (path, values) => {
    for (const value of values) {
      const found = problemsOf({ ...MINIMAL, ...nest(path, value) });
      const name = path.replace('.', String.raw`\.`);
      expect(found, JSON.stringify(value)).toContainEqual(
        expect.stringMatching(new RegExp(`^${name}: .*(expected|contradicts)`)),
      );
    }
  });

  it.each(['ca', 'cert', 'key', 'pfx', 'passphrase'])('with http.tls.%s is its type', (name) => {
    for (const value of [1, null, {}, [1], true]) {
      expectProblem({ http: { tls: { [name]: value } } }, `http.tls.${name}: expected`);
    }
  });

  it('with http.tls.ca is that it trusts nobody', () => {
    expectProblem({ http: { tls: { ca: [] } } }, /^http\.tls\.ca: expected/);
  });

  it('is listed all at once', () => {
    const found = problemsOf({
      issuer: 'http://id.example.com',
      clockToleranceMs: -1,
      warmUp: 'x',
      jwks: { ttlMs: 'x' },
      foo: 1,
    });
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'foo',
      'audience',
      'issuer',
      'clockToleranceMs',
      'warmUp',
      'jwks.ttlMs',
    ]);
  });

  it('is never more than a list, whatever the options are', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (raw) => {
          expect(problemsOf(raw).length).toBeGreaterThan(0);
        },
      ),
    );
    const names = [...Object.keys(resolve({})), ...Object.keys(onlyIssuer({}))];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.anything()), (members) => {
        expect(problems(members)).toBeInstanceOf(Array);
        expect(problemsOf({ issuers: [{ ...MINIMAL, ...members }] })).toBeInstanceOf(Array);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an unknown name', () => {
  it.each([
    [{ audiance: 'x' }, 'audiance: unknown option; did you mean "audience"?'],
    [{ AUDIENCE: 'x' }, 'AUDIENCE: unknown option; did you mean "audience"?'],
    [{ clockTolerence: 1 }, 'clockTolerence: unknown option; did you mean "clockToleranceMs"?'],
    [{ jwks: { ttl: 1 } }, 'jwks.ttl: unknown option; did you mean "ttlMs"?'],
    [{ http: { retrys: 1 } }, 'http.retrys: unknown option; did you mean "retries"?'],
    [{ cache: { max: 1 } }, 'cache.max: unknown option; known are maxEntries'],
    [{ clockTolerance: 5 }, 'clockTolerance: unknown option; it is "clockToleranceMs", in milliseconds'],
    [{ http: { timeout: 5 } }, 'http.timeout: unknown option; durations are in milliseconds: "timeoutMs"'],
  ])('is answered with the nearest one, %j', (options, problem) => {
    expect(problems(options)).toEqual([problem]);
  });

  it('far from all others is answered with all of them', () => {
    expectProblem(
      { zzzzzzzzzzzz: 1 },
      /^zzzzzzzzzzzz: unknown option; known are issuer, .*audience.*unguarded/,
    );
  });

  it('counts also where its value is undefined', () => {
    expectProblem({ audiance: undefined }, /did you mean "audience"/);
  });

  it.each(['constructor', 'toString', '__proto__'])('may be %s', (name) => {
    const raw: unknown = JSON.parse(`{"issuer":"${ISSUER}","audience":"a","${name}":1}`);
    expect(problemsOf(raw)).toEqual([expect.stringContaining(`${name}: unknown option; `)]);
  });

  it('may be isGlobal, which belongs elsewhere', () => {
    expectProblem({ isGlobal: false }, /^isGlobal: belongs beside "useFactory"/);
  });

  it('may be the keys of a static set, which belong to an issuer', () => {
    expectProblem({ jwks: { keys: [JWK] } }, /^jwks\.keys: a static key set belongs into issuers/);
  });

  it('may be rejectUnauthorized, which nobody can switch off', () => {
    expectProblem(
      { http: { tls: { rejectUnauthorized: false } } },
      /^http\.tls\.rejectUnauthorized: certificates are always verified/,
    );
  });

  it('may be an option that stands only at the top', () => {
    const found = problemsOf({ issuers: [{ ...MINIMAL, clockToleranceMs: 1, tokenTypes: ['JWT'] }] });
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'issuers[0].clockToleranceMs',
      'issuers[0].tokenTypes',
    ]);
  });
});

describe('algorithms', () => {
  it.each(['HS256', 'HS384', 'HS512', 'none'])('never hold %s', (name) => {
    expectProblem(
      { algorithms: ['RS256', name] },
      `algorithms: '${name}' is not allowed: an access token must be signed`,
    );
  });

  it.each(['rs256', 'RS1', 'NONE', 'Ed448', 'ES256 ', 'constructor', 'RSA-OAEP'])(
    'do not know %s',
    (name) => {
      expectProblem({ algorithms: [name] }, /is not known; known are RS256, /);
    },
  );

  it('stop the start where this Node.js cannot verify one', () => {
    const found = problems({ algorithms: ['ML-DSA-44'] });
    const here = isVerifiableHere(SIGNATURE_ALGORITHMS.find((row) => row.name === 'ML-DSA-44')!);
    expect(found).toEqual(
      here ? [] : [expect.stringContaining("'ML-DSA-44' cannot be verified by Node.js v")],
    );
  });

  it('hold both names of Ed25519 where they hold one', () => {
    expect(onlyIssuer({ algorithms: ['RS256', 'EdDSA'] }).algorithms).toEqual(['RS256', 'EdDSA', 'Ed25519']);
    expect(onlyIssuer({ algorithms: ['Ed25519'] }).algorithms.toSorted()).toEqual(['Ed25519', 'EdDSA']);
    expect(onlyIssuer({ algorithms: ['RS256', 'RS256'] }).algorithms).toEqual(['RS256']);
  });
});

describe('issuer and audience', () => {
  it.each([
    'http://id.example.com',
    'http://10.0.0.1',
    'id.example.com',
    'https://id.example.com/?tenant=1',
    'https://id.example.com/#x',
    'https://user:secret@id.example.com',
    'ftp://id.example.com',
    'urn:example:issuer',
  ])('refuse the issuer %s, from which discovery cannot go', (issuer) => {
    expectProblem({ issuer }, /^issuer: expected an https URL/);
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:8080/realms/a', `${ISSUER}/`])(
    'take the issuer %s, exactly',
    (issuer) => {
      expect(onlyIssuer({ issuer }).issuer).toBe(issuer);
    },
  );

  it('take plain http from an origin that is allowed by name', () => {
    const http = { allowInsecureOrigins: ['http://idp.test:8080'] };
    expect(problems({ issuer: 'http://idp.test:8080/realm', http })).toEqual([]);
    expectProblem({ issuer: 'http://idp.test/realm', http }, /^issuer: expected an https URL/);
  });

  it('take any issuer where discovery is not derived from it', () => {
    const issuer = 'urn:example:issuer';
    expect(onlyIssuer({ issuer, discoveryUrl: `${ISSUER}/metadata` }).discoveryUrl).toBe(
      `${ISSUER}/metadata`,
    );
    expect(onlyIssuer({ issuer, jwksUri: `${ISSUER}/jwks` }).jwksUri).toBe(`${ISSUER}/jwks`);
    expect(problemsOf({ issuers: [{ issuer, audience: 'a', jwks: { keys: [JWK] } }] })).toEqual([]);
  });

  it.each(['discoveryUrl', 'jwksUri'])('refuse a %s over an open line', (name) => {
    expectProblem({ [name]: 'http://keys.example.com/' }, new RegExp(`^${name}: expected an https URL`));
    expectProblem({ [name]: 'keys' }, new RegExp(`^${name}: expected an https URL`));
  });

  it('demand the audience; null, written out, is any', () => {
    expect(problemsOf({ issuer: ISSUER })).toEqual([expect.stringMatching(/^audience: is missing/)]);
    expect(problems({ audience: undefined })).toEqual([expect.stringMatching(/^audience: is missing/)]);
    expect(onlyIssuer({ audience: null }).audience).toBeNull();
    expect(onlyIssuer({ audience: ['a', 'b', 'a'] }).audience).toEqual(['a', 'b']);
  });

  it('normalize the token types, and always demand exp', () => {
    const options = resolve({ tokenTypes: ['application/AT+JWT', null], requiredClaims: ['sub', 'exp'] });
    expect(options.tokenTypes).toEqual(['at+jwt', null]);
    expect(options.requiredClaims).toEqual(['exp', 'sub']);
  });

  it('read a path, a name or a function as the place of the scopes', () => {
    const place = (): string => 'a';
    expect(resolve({ scopeClaim: 'permissions' }).scopeClaim).toEqual(['permissions']);
    expect(resolve({ scopeClaim: ['a', 'b'] }).scopeClaim).toEqual([['a', 'b']]);
    expect(resolve({ scopeClaim: place }).scopeClaim).toEqual([place]);
  });
});

describe('contradictions', () => {
  it.each<[string, object, RegExp]>([
    [
      'two sources of keys',
      { discoveryUrl: `${ISSUER}/m`, jwksUri: `${ISSUER}/k` },
      /^jwksUri: contradicts "discoveryUrl"/,
    ],
    [
      'metadataIssuer without discovery',
      { jwksUri: `${ISSUER}/k`, metadataIssuer: 'x' },
      /^metadataIssuer: has no effect/,
    ],
    [
      'a lifetime below its least',
      { jwks: { ttlMs: 1_000 } },
      /^jwks\.ttlMs: expected minTtlMs <= ttlMs <= maxTtlMs, got 60000, 1000, 3600000/,
    ],
    [
      'a lifetime above its most',
      { discovery: { ttlMs: 100_000_000 } },
      /^discovery\.ttlMs: expected minTtlMs/,
    ],
    ['least above most', { jwks: { minTtlMs: 4_000_000 } }, /^jwks\.ttlMs: expected minTtlMs/],
    [
      'dispatcher and tls',
      { http: { dispatcher: new Agent(), tls: { ca: PEM } } },
      /^http\.tls: has no effect beside "dispatcher"/,
    ],
    [
      'dispatcher and proxy',
      { http: { dispatcher: new Agent(), proxy: false } },
      /^http\.proxy: has no effect/,
    ],
    [
      'dispatcher and pool',
      { http: { dispatcher: new Agent(), maxConnections: 5 } },
      /^http\.maxConnections: has no effect/,
    ],
  ])('stop the start: %s', (_what, options, problem) => {
    expectProblem(options, problem);
  });

  it.each([
    ['tls', { ca: PEM }],
    ['proxy', 'http://proxy.test'],
    ['maxConnections', 5],
    ['keepAliveMs', 5],
  ])(
    'stop the start: a dispatcher at the top, and %s for one issuer, which it would swallow',
    (name, value) => {
      const http = { dispatcher: new Agent() };
      const found = problemsOf({ issuers: [{ ...MINIMAL, http: { [name]: value } }], http });
      expect(found).toEqual([
        expect.stringMatching(new RegExp(`^issuers\\[0\\]\\.http\\.${name}: has no effect`)),
      ]);
    },
  );

  it('stop the start: more issuers than the cache holds', () => {
    const issuers = [ISSUER, OTHER].map((issuer) => ({ issuer }));
    const found = problemsOf({ issuers, audience: 'a', cache: { maxEntries: 1 } });
    expect(found).toEqual(['cache.maxEntries: 2 issuers are configured; all of them must fit, got 1']);
  });
});

describe('issuers that a function names', () => {
  const issuers = (): undefined => undefined;
  const allowedIssuers = [ISSUER];

  it('need no issuer, and no audience at the top', () => {
    const { tenants, issuers: configured } = resolveOptions({ issuers, allowedIssuers }, {});
    expect(configured).toEqual([]);
    expect(tenants?.isAllowed(ISSUER)).toBe(true);
    expect(tenants?.isAllowed(OTHER)).toBe(false);
    expect(tenants?.resolve({ issuer: ISSUER, audience: 'x' }, ISSUER)).toMatchObject({ audience: ['x'] });
    expect(() => tenants?.resolve({ issuer: ISSUER }, ISSUER)).toThrow('audience');
    expect(() => tenants?.resolve({ issuer: OTHER, audience: 'x' }, ISSUER)).toThrow('compared exactly');
    expect(() => tenants?.resolve(null, ISSUER)).toThrow('expected an object');
    const profiled = { issuer: ISSUER, audience: 'x', profile: 'rfc9068' };
    expect(() => tenants?.resolve({ ...profiled, audienceClaim: 'azp' }, ISSUER)).toThrow(
      'contradicts "profile"',
    );
    const untyped = resolveOptions({ issuers, allowedIssuers, tokenTypes: ['JWT'] }, {}).tenants;
    expect(() => untyped?.resolve(profiled, ISSUER)).toThrow('tokenTypes');
  });

  it.each<[string, unknown, RegExp]>([
    ['no allowedIssuers', { issuers }, /^allowedIssuers: is missing/],
    ['an empty list', { issuers, allowedIssuers: [] }, /^allowedIssuers: expected a non-empty list/],
    ['a regular expression', { issuers, allowedIssuers: /x/ }, /^allowedIssuers: expected a non-empty list/],
    ['an issuer beside it', { issuers, allowedIssuers, issuer: ISSUER }, /^issuer: contradicts "issuers"/],
    ['allowedIssuers alone', { ...MINIMAL, allowedIssuers }, /^allowedIssuers: has no effect/],
  ])('stop the start with %s', (_name, options, problem) => {
    expect(() => resolveOptions(options, {})).toThrow(new RegExp(problem.source.replace('^', '- ')));
  });
});

describe('several issuers', () => {
  const issuers = [{ issuer: ISSUER }, { issuer: OTHER }];

  it.each(['issuer', 'metadataIssuer', 'discoveryUrl', 'jwksUri'])(
    'leave no place for %s at the top',
    (name) => {
      const found = problemsOf({ issuers, audience: 'a', [name]: `${ISSUER}/x` });
      expect(found).toEqual([expect.stringMatching(new RegExp(`^${name}: contradicts "issuers"`))]);
    },
  );

  it('have their own audience, algorithms and checks, over those at the top', () => {
    const top = (): boolean => true;
    const own = (): boolean => true;
    const options = resolveOptions(
      {
        audience: 'a',
        algorithms: ['RS256'],
        profile: 'rfc9068',
        validate: top,
        http: { timeoutMs: 100, retries: 1, headers: { 'X-A': 'a' } },
        issuers: [
          { issuer: ISSUER },
          {
            issuer: OTHER,
            audience: ['b', 'c'],
            audienceClaim: 'client_id',
            algorithms: ['ES256'],
            profile: 'any',
            validate: own,
            http: { timeoutMs: 200 },
          },
        ],
      },
      {},
    );
    expect(options.issuers).toMatchObject([
      {
        issuer: ISSUER,
        audience: ['a'],
        audienceClaim: 'aud',
        algorithms: ['RS256'],
        profile: 'rfc9068',
        validate: [top],
        http: { timeoutMs: 100, retries: 1, headers: { 'x-a': 'a' } },
      },
      {
        issuer: OTHER,
        audience: ['b', 'c'],
        audienceClaim: 'client_id',
        algorithms: ['ES256'],
        profile: 'any',
        validate: [top, own],
        http: { timeoutMs: 200, retries: 1, headers: { 'x-a': 'a' } },
      },
    ]);
  });

  it('may each accept any audience, or take it from the top', () => {
    const options = resolveOptions(
      { audience: 'a', issuers: [{ issuer: ISSUER, audience: null }, { issuer: OTHER }] },
      {},
    );
    expect(options.issuers.map((issuer) => issuer.audience)).toEqual([null, ['a']]);
    const open = resolveOptions(
      { audience: null, issuers: [{ issuer: ISSUER, audience: 'a' }, { issuer: OTHER }] },
      {},
    );
    expect(open.issuers.map((issuer) => issuer.audience)).toEqual([['a'], null]);
    const lacking = problemsOf({ issuers: [{ issuer: ISSUER, audience: 'a' }, { issuer: OTHER }] });
    expect(lacking).toEqual([expect.stringMatching(/^issuers\[1\]\.audience: is missing/)]);
  });

  it('stand in the list once', () => {
    const found = problemsOf({
      audience: 'a',
      issuers: [{ issuer: ISSUER }, { issuer: OTHER }, { issuer: ISSUER }],
    });
    expect(found).toEqual(['issuers[2].issuer: is in the list twice']);
    expect(problemsOf({ audience: 'a', issuers: [{ issuer: ISSUER }, { issuer: `${ISSUER}/` }] })).toEqual(
      [],
    );
  });

  it.each([null, undefined, ISSUER, 1, [ISSUER]])('are objects, not %j', (member) => {
    expect(problemsOf({ audience: 'a', issuers: [member] })[0]).toMatch(/^issuers\[0\]: expected an object/);
  });

  it('may bring a key set, which is copied and frozen', () => {
    const jwks = { keys: [JWK] };
    const [issuer] = resolveOptions({ audience: 'a', issuers: [{ issuer: ISSUER, jwks }] }, {}).issuers;
    expect(issuer?.jwks).toEqual(jwks);
    expect(issuer?.jwks).not.toBe(jwks);
    expect(Object.isFrozen(jwks.keys[0])).toBe(false);
  });

  it.each([
    null,
    [],
    'jwks',
    {},
    { keys: [] },
    { keys: {} },
    { ttlMs: 1 },
    { keys: [1n] },
    CIRCULAR,
    () => ({ keys: [JWK] }),
  ])('are refused with the key set %s', (jwks) => {
    const found = problemsOf({ audience: 'a', issuers: [{ issuer: ISSUER, jwks }] });
    expect(found).toEqual([expect.stringMatching(/^issuers\[0\]\.jwks: expected a JWK Set/)]);
  });

  it('are refused with a key set and another source of keys', () => {
    const issuer = { issuer: ISSUER, jwks: { keys: [JWK] }, jwksUri: `${ISSUER}/k` };
    expect(problemsOf({ audience: 'a', issuers: [issuer] })).toEqual([
      expect.stringMatching(/^issuers\[0\]\.jwks: contradicts "jwksUri"/),
    ]);
  });
});

describe('transports.tokenFromCookie', () => {
  const cookie = (tokenFromCookie: unknown): object => ({ transports: { tokenFromCookie } });
  const origins = ['https://app.example.com', 'https://app.example.com:8443', 'http://localhost:3000'];

  it('keeps the name and the origins exactly, frozen', () => {
    const { tokenFromCookie } = resolve(cookie({ name: '__Host-token', origins })).transports;
    expect(tokenFromCookie).toEqual({ name: '__Host-token', origins });
    expect(Object.isFrozen(tokenFromCookie) && Object.isFrozen(tokenFromCookie?.origins)).toBe(true);
  });

  it.each<[unknown, RegExp]>([
    [true, /^transports\.tokenFromCookie: expected an object, got true/],
    [{ origins }, /^transports\.tokenFromCookie\.name: is missing/],
    [{ name: 't' }, /^transports\.tokenFromCookie\.origins: is missing/],
    [{ name: 't', origins: [] }, /origins: expected a non-empty list/],
    [{ name: 't', origins: 'https://app.example.com' }, /origins: expected a non-empty list/],
    [{ name: 't=', origins }, /name: expected the name of a cookie/],
    [{ name: 'a b', origins }, /name: expected the name of a cookie/],
    [{ name: 7, origins }, /name: expected a non-empty string/],
    [{ name: 't', origins, sameSite: true }, /sameSite: unknown option/],
    [{ name: 't', origins: ['*'] }, /origins: '\*' is not an origin/],
    [{ name: 't', origins: ['null'] }, /origins: 'null' is not an origin/],
    [{ name: 't', origins: ['app.example.com'] }, /is not an origin such as/],
    [{ name: 't', origins: ['https://*.example.com'] }, /is not an origin|is never sent/],
    [
      { name: 't', origins: ['https://app.example.com/'] },
      /is never sent by a browser; write https:\/\/app\.example\.com$/,
    ],
    [{ name: 't', origins: ['https://APP.example.com'] }, /write https:\/\/app\.example\.com$/],
    [{ name: 't', origins: ['https://app.example.com:443'] }, /write https:\/\/app\.example\.com$/],
    [{ name: 't', origins: ['http://app.example.com'] }, /is not https; plain http is for loopback/],
    [{ name: 't', origins: ['file:///x'] }, /is not an origin/],
  ])('refuses %j', (value, pattern) => {
    const found = problems(cookie(value));
    expect(found.join('\n')).toMatch(pattern);
  });
});

describe('time limits of the environment', () => {
  const timeoutOf = (environment: NodeJS.ProcessEnv, options: object = {}): number =>
    onlyIssuer(options, environment).http.timeoutMs;

  it.each([
    ['7', 7_000],
    ['0.1', 100],
    ['60', 60_000],
    [' 2.5 ', 2_500],
    ['', 5_000],
    ['  ', 5_000],
  ])('HTTP_TIMEOUT of "%s" is read in seconds', (value, expected) => {
    expect(timeoutOf({ HTTP_TIMEOUT: value })).toBe(expected);
    expect(resolve({}, { HTTP_TIMEOUT: value }).warnings).toEqual([]);
  });

  it.each(['0', '0.09', '61', '5000', '-1', 'NaN', 'Infinity', '5s', '5,5', 'x'])(
    'HTTP_TIMEOUT of "%s" is not meant for us: ignored, with a warning',
    (value) => {
      expect(timeoutOf({ HTTP_TIMEOUT: value })).toBe(5_000);
      expect(resolve({}, { HTTP_TIMEOUT: value }).warnings).toEqual([
        `HTTP_TIMEOUT of the environment is ignored: '${value}' is not a number of seconds from 0.1 to 60. ` +
          'Set IDENTITY_HTTP_TIMEOUT_MS or the option "http.timeoutMs", both in milliseconds',
      ]);
    },
  );

  it('IDENTITY_HTTP_TIMEOUT_MS stands in front, in milliseconds', () => {
    const environment = { IDENTITY_HTTP_TIMEOUT_MS: ' 300 ', HTTP_TIMEOUT: '5000' };
    expect(timeoutOf(environment)).toBe(300);
    expect(resolve({}, environment).warnings).toEqual([]);
  });

  it.each(['0', '60001', '1.5', '-1', '5s', '1e3', '0x10'])(
    'IDENTITY_HTTP_TIMEOUT_MS of "%s" stops the start',
    (value) => {
      expect(problems({}, { IDENTITY_HTTP_TIMEOUT_MS: value })).toEqual([
        `IDENTITY_HTTP_TIMEOUT_MS (environment): expected whole milliseconds from 1 to 60000, got '${value}'`,
      ]);
    },
  );

  it('give way to the option, without a word', () => {
    const options = { http: { timeoutMs: 300 } };
    for (const environment of [
      { HTTP_TIMEOUT: '7' },
      { HTTP_TIMEOUT: '5000' },
      { IDENTITY_HTTP_TIMEOUT_MS: 'x' },
    ]) {
      expect(timeoutOf(environment, options)).toBe(300);
      expect(resolve(options, environment).warnings).toEqual([]);
    }
    expect(timeoutOf({ HTTP_TIMEOUT: '7' }, { http: { retries: 1 } })).toBe(7_000);
  });
});

describe('proxies of the environment', () => {
  const proxiesOf = (environment: NodeJS.ProcessEnv, options: object = {}): unknown =>
    onlyIssuer(options, environment).http.proxies;

  it.each([
    ['proxy.test:3128', 'http://proxy.test:3128/'],
    ['proxy.test', 'http://proxy.test/'],
    ['10.0.0.1:3128', 'http://10.0.0.1:3128/'],
    ['user:secret@proxy.test:3128', 'http://user:secret@proxy.test:3128/'],
    ['https://proxy.test', 'https://proxy.test/'],
    ['HTTP://proxy.test:8080/', 'http://proxy.test:8080/'],
  ])('HTTPS_PROXY=%s is %s', (value, url) => {
    expect(proxiesOf({ HTTPS_PROXY: value })).toMatchObject({ https: { name: 'HTTPS_PROXY', url } });
    expect(onlyIssuer({ http: { proxy: value } }).http.proxies).toMatchObject({
      https: { name: 'http.proxy', url },
      isConfigured: true,
    });
  });

  it.each([
    ['HTTPS_PROXY', 'socks5://user:secret@proxy.test'],
    ['https_proxy', 'ftp://user:secret@proxy.test'],
    ['HTTP_PROXY', 'http://'],
    ['http_proxy', 'user:secret@a b'],
  ])('%s=%s stops the start by its name, unless the option says something', (name, value) => {
    const [problem, ...others] = problems({}, { [name]: value });
    expect(others).toEqual([]);
    expect(problem).toMatch(
      new RegExp(`^${name} \\(environment\\): expected host:port, or an http or https URL`),
    );
    expect(problem).not.toContain('secret');
    expect(proxiesOf({ [name]: value }, { http: { proxy: false } })).toBeUndefined();
    expect(proxiesOf({ [name]: value }, { http: { dispatcher: new Agent() } })).toBeUndefined();
  });

  it('are read as curl reads them', () => {
    const environment = {
      HTTP_PROXY: 'upper.test',
      http_proxy: 'lower.test',
      NO_PROXY: 'a.test, .B.test *.c.test:8443',
      no_proxy: '',
    };
    const proxy = { name: 'http_proxy', url: 'http://lower.test/' };
    const bypass = ['a.test', 'b.test', 'c.test:8443'];
    expect(proxiesOf(environment)).toEqual({ http: proxy, https: proxy, bypass, isConfigured: false });
    expect(proxiesOf({ HTTPS_PROXY: '' })).toBeUndefined();
  });
});

describe('certificate authorities of the environment', () => {
  it.each([
    ['nothing.pem', /cannot be read: ENOENT/],
    ['README.md', /has no PEM certificate in it/],
  ])('in %s are none: a warning says so', (file, why) => {
    const { warnings } = resolve({}, { SSL_CERT_FILE: file });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^SSL_CERT_FILE of the environment is ignored: the file that it names/);
    expect(warnings[0]).toMatch(why);
  });
});

describe('credentials', () => {
  const headers = { 'x-key': 'secret' };
  const origins = (options: object): readonly string[] => onlyIssuer(options).http.credentialOrigins;

  it.each<[string, object, string[]]>([
    ['the issuer', {}, [ISSUER]],
    ['discoveryUrl', { discoveryUrl: 'https://meta.test:8443/x' }, [ISSUER, 'https://meta.test:8443']],
    ['jwksUri', { jwksUri: 'https://keys.test/k' }, [ISSUER, 'https://keys.test']],
    [
      'an issuer that is no URL',
      { issuer: 'accounts', jwksUri: 'https://keys.test/k' },
      ['https://keys.test'],
    ],
  ])('are for the origin of %s', (_what, options, expected) => {
    expect(origins({ ...options, http: { headers } })).toEqual(expected);
    expect(origins({ ...options, http: { headers: () => headers } })).toEqual(expected);
    expect(origins({ ...options, http: { tls: { cert: pem('client'), key: pem('client-key') } } })).toEqual(
      expected,
    );
  });

  it('are for more origins, if the options list them', () => {
    const http = { headers, credentialOrigins: ['https://keys.test'] };
    expect(origins({ http })).toEqual(['https://keys.test', ISSUER]);
  });

  it.each([[null], ['https://keys.test'], [['https://keys.test/']], [['keys.test']], [[1]]])(
    'are for no %j: it is not a list of origins',
    (credentialOrigins) => {
      expectProblem({ http: { credentialOrigins } }, /^http\.credentialOrigins: expected a list of origins/);
    },
  );

  it('of the top go to each issuer by its own name', () => {
    const { issuers } = resolveOptions(
      { audience: 'a', http: { headers }, issuers: [{ issuer: ISSUER }, { issuer: OTHER }] },
      {},
    );
    expect(issuers.map(({ http }) => http.credentialOrigins)).toEqual([[ISSUER], [OTHER]]);
  });

  it('are none: issuers share their connections', () => {
    const { issuers } = resolveOptions(
      { audience: 'a', issuers: [{ issuer: ISSUER }, { issuer: OTHER }] },
      {},
    );
    expect(issuers[0]?.http).toBe(issuers[1]?.http);
  });
});

describe('private networks', () => {
  it('are closed to issuers that are named at run time, unless the options open them', () => {
    const tenant = (http?: object, own?: object): boolean | undefined =>
      resolveOptions(
        { audience: 'a', issuers: () => undefined, allowedIssuers: [ISSUER], http },
        {},
      ).tenants?.resolve({ issuer: ISSUER, http: own }, ISSUER).http.allowPrivateNetworks;
    expect(tenant()).toBe(false);
    expect(tenant({ retries: 1 }, { retries: 0 })).toBe(false);
    expect(tenant({ allowPrivateNetworks: true })).toBe(true);
    expect(tenant({}, { allowPrivateNetworks: true })).toBe(true);
    expect(onlyIssuer({ http: { allowPrivateNetworks: false } }).http.allowPrivateNetworks).toBe(false);
  });
});
