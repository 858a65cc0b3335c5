import { ForbiddenException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { thenable, withThenGetter } from '../../test/support/thenable.js';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import type { ValidateHook } from '../options/options.types.js';
import { runHooks } from './run-hooks.js';

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

  it('keeps errors that have a meaning of their own', async () => {
    for (const error of [new ForbiddenException(), new IdentityError('role_missing', 'mine')]) {
      expect(await outcomeOf(() => raise(error))).toBe(error);
      expect(await outcomeOf(async () => raise(error))).toBe(error);
    }
  });
});
