import { ForbiddenException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { thenable, withThenGetter } from '../../test/support/thenable.js';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import type { ValidateHook } from '../options/options.types.js';
import { reasonOf } from '../events/reason.js';
import { atOnce } from '../options/at-once.js';
import { runHooks, toCheckError } from './run-hooks.js';

const TOKEN: ValidatedToken = {
  claims: { iss: 'https://id.example.com', exp: 1 },
  header: { alg: 'ES256' },
  issuer: 'https://id.example.com',
  token: 'a.b.c',
};

/** What a hook that does this to its caller comes to, at once or later. */
async function outcomeOf(hook: () => unknown): Promise<unknown> {
  try {
    await runHooks([hook as ValidateHook], TOKEN);
    return 'accepted';
  } catch (error) {
    return error;
  }
}
const raise = (what: unknown): never => {
  throw what;
};

class Strange extends Error {
  override get message(): string {
    throw new Error('from the getter');
  }
}

const ODD: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['zero', 0],
  ['an empty string', ''],
  ['a string', 'text'],
  ['a symbol', Symbol('s')],
  ['a function', () => true],
  ['a frozen object', Object.freeze({})],
  ['an object without a prototype', Object.create(null)],
  ['an Error', new Error('no')],
  ['an Error that throws when it is read', new Strange()],
  ['a thing like an Error', { name: 'IdentityError', code: 'token_missing' }],
];

describe('runHooks', () => {
  it.each(ODD)('makes check_failed of a thrown %s, at once and later', async (_what, thrown) => {
    for (const hook of [() => raise(thrown), async () => raise(thrown)]) {
      const error = await outcomeOf(hook);
      expect(error).toBeInstanceOf(IdentityError);
      expect(error).toMatchObject({
        code: 'check_failed',
        message: expect.stringMatching(/^The application's own "validate" failed/),
      });
      if (thrown !== undefined) expect((error as Error).cause).toBe(thrown);
    }
  });

  it.each<[string, () => unknown]>([
    ['a "then" that throws when it is read', () => withThenGetter(() => raise(new Error('x')))],
    ['a "then" that throws when it is called', () => thenable(() => raise(new Error('x')))],
    ['a thenable that rejects', () => thenable((_: unknown, no: (error: unknown) => void) => no(1))],
  ])('makes check_failed of %s', async (_what, hook) => {
    expect(await outcomeOf(hook)).toMatchObject({ code: 'check_failed' });
  });

  it('accepts true, at once and later, and tells what was answered instead', async () => {
    expect(await outcomeOf(() => true)).toBe('accepted');
    expect(await outcomeOf(async () => true)).toBe('accepted');
    expect(await outcomeOf(() => thenable((yes: (value: unknown) => void) => yes(true)))).toBe('accepted');
    for (const [answer, words] of [
      [undefined, 'undefined'],
      [false, 'false'],
      [null, 'null'],
      ['true', 'string'],
      [1, 'number'],
      [{ ok: true }, 'object'],
      [() => true, 'function'],
    ] as const) {
      const message = `The application's own "validate" answered ${words}; only true accepts.`;
      expect(await outcomeOf(() => answer)).toMatchObject({ code: 'check_refused', message });
      expect(await outcomeOf(async () => answer)).toMatchObject({ code: 'check_refused', message });
    }
  });

  it('runs the checks in their order, and none behind one that refuses', async () => {
    const seen: string[] = [];
    const hook = (name: string, verdict: unknown) => () => {
      seen.push(name);
      return verdict as boolean;
    };
    expect(runHooks([hook('a', true), hook('b', true)], TOKEN)).toBeUndefined();
    expect(() => runHooks([hook('c', true), hook('d', false), hook('e', true)], TOKEN)).toThrow(
      'answered false',
    );
    await runHooks(
      [hook('f', Promise.resolve(true)), hook('g', true), hook('h', Promise.resolve(true))],
      TOKEN,
    );
    const later = runHooks([hook('i', Promise.resolve(true)), hook('j', false), hook('k', true)], TOKEN);
    await expect(later).rejects.toMatchObject({ code: 'check_refused' });
    await expect(runHooks([hook('l', Promise.resolve(false)), hook('m', true)], TOKEN)).rejects.toMatchObject(
      {
        code: 'check_refused',
      },
    );
    expect(seen.join('')).toBe('abcdfghijl');
    expect(runHooks([], TOKEN)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['TypeError', new TypeError('secret')],
    ['what is no Error', 'secret'],
  ])('says that it threw %s, and nothing of its message', async (kind, thrown) => {
    const message = `The application's own "validate" failed: it threw ${kind}.`;
    expect(await outcomeOf(() => raise(thrown))).toMatchObject({ message, cause: thrown });
  });

  it('logs no words of an error that the application made, and all of ours', () => {
    const own = new IdentityError('role_missing', 'with a secret in it');
    expect(toCheckError(own)).toBe(own);
    expect(reasonOf(own)).not.toContain('secret');
    let ours: unknown;
    try {
      void atOnce(Promise.resolve(1), '"scopeClaim"');
    } catch (error) {
      ours = toCheckError(error, '"scopeClaim"');
    }
    expect(reasonOf(ours)).toContain('The function of "scopeClaim" answered with a promise');
  });

  it('keeps errors that have a meaning of their own', async () => {
    for (const error of [new ForbiddenException(), new IdentityError('role_missing', 'mine')]) {
      expect(await outcomeOf(() => raise(error))).toBe(error);
      expect(await outcomeOf(async () => raise(error))).toBe(error);
    }
  });
});
