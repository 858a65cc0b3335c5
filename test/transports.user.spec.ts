import { ForbiddenException, UnauthorizedException, type Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IdentityAuthGuard, type IdentityModuleOptions } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import type { Outcome } from './support/transports/target.js';
import { USER_TRANSPORTS, type UserTarget } from './support/transports/users.js';

/** The form of Nest's documentation. */
class Documented extends IdentityAuthGuard {
  override handleRequest<User>(err: Error | null, user: User | false): User {
    if (err || !user) throw err ?? new UnauthorizedException();
    return user;
  }
}

/** Lets everybody in: as far as it is asked. */
class Lenient extends IdentityAuthGuard {
  override handleRequest<User>(_err: unknown, user: User): User {
    return user || (null as User);
  }
}

/** Makes a guest of whoever has no good token. */
class Hospitable extends IdentityAuthGuard {
  override handleRequest<User>(_err: unknown, user: User): User {
    return user || ({ guest: true } as User);
  }
}

class Replacing extends IdentityAuthGuard {
  override handleRequest<User>(err: unknown, user: User): User {
    if (err instanceof Error) throw err;
    return (user ? { replaced: true } : null) as User;
  }
}

class Forbidding extends IdentityAuthGuard {
  override handleRequest<User>(): User {
    throw new ForbiddenException('of my own');
  }
}

describe.each(USER_TRANSPORTS)('the user over $name', ({ type, start }) => {
  const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
  let target: UserTarget | undefined;

  beforeEach(() => issuer.behave());

  afterEach(async () => {
    await target?.close();
    target = undefined;
  });

  async function startWith(
    options: Partial<IdentityModuleOptions>,
    guard: Type<IdentityAuthGuard> = IdentityAuthGuard,
  ): Promise<UserTarget> {
    target = await start({ ...issuer.moduleOptions({ warmUp: 'await' }), ...options }, guard);
    return target;
  }

  const valueOf = (outcome: Outcome): unknown => {
    if (!('value' in outcome)) return outcome;
    return JSON.parse(outcome.value);
  };

  describe('mapUser', () => {
    it('makes it, while the decorators keep the claims', async () => {
      const { ask } = await startWith({
        mapUser: async ({ claims }, context) => ({ id: claims.sub, by: context.getType<string>() }),
      });
      expect(valueOf(await ask(issuer.token({ sub: 'ada' })))).toEqual({
        user: { id: 'ada', by: type },
        sub: 'ada',
      });
    });

    it('is the claims without it', async () => {
      const { ask } = await startWith({});
      expect(valueOf(await ask(issuer.token({ sub: 'ada' })))).toMatchObject({
        user: { iss: issuer.issuer, sub: 'ada' },
        sub: 'ada',
      });
    });

    it.each<[string, () => unknown, Outcome]>([
      ['finds nobody', () => null, { status: 401, code: 'user_refused' }],
      ['forgets to answer', () => undefined, { status: 401, code: 'user_refused' }],
      ['breaks', () => Promise.reject(new TypeError('database')), { status: 503, code: 'check_failed' }],
      [
        'throws an exception of Nest',
        () => Promise.reject(new ForbiddenException('of my own')),
        { status: 403, code: 'check_refused' },
      ],
    ])('refuses where it %s', async (_name, mapUser, expected) => {
      const { ask } = await startWith({ mapUser });
      expect(await ask(issuer.token())).toEqual(expected);
    });

    it('is not asked before the token and the demands of the handler hold', async () => {
      let asked = 0;
      const { ask } = await startWith({ mapUser: () => ({ asked: ++asked }) });
      expect(await ask(issuer.token({ wrong: 'expired' }))).toEqual({ status: 401, code: 'token_expired' });
      expect(await ask(issuer.token(), 'create')).toEqual({ status: 403, code: 'scope_missing' });
      expect(asked).toBe(0);
      await ask(issuer.token({ scope: 'orders:write' }), 'create');
      expect(asked).toBe(1);
    });
  });

  describe('handleRequest of a subclass', () => {
    it.each<[string, Type<IdentityAuthGuard>]>([
      ['in the form of Nest’s docs', Documented],
      ['that lets everybody in', Lenient],
      ['that replaces the user', Replacing],
    ])('%s keeps every code', async (_name, guard) => {
      const { ask } = await startWith({}, guard);
      // Nobody, and who is not who he says.
      expect(await ask(undefined)).toEqual({ status: 401, code: 'token_missing' });
      expect(await ask(issuer.token({ wrong: 'expired' }))).toEqual({ status: 401, code: 'token_expired' });
      expect(await ask(issuer.token({ wrong: 'wrong key' }))).toEqual({
        status: 401,
        code: 'signature_invalid',
      });
      expect(await ask(issuer.token(), 'create')).toEqual({ status: 403, code: 'scope_missing' });
      expect(valueOf(await ask(issuer.token({ sub: 'ada' })))).toMatchObject({ sub: 'ada' });
    });

    it('tells an outage from a refusal', async () => {
      issuer.misbehave('down');
      const { ask } = await startWith({ warmUp: 'off' }, Documented);
      expect(await ask(issuer.token())).toEqual({ status: 503, code: 'keys_unavailable' });
    });

    it('replaces the user, and neither claims nor requirements', async () => {
      const { ask } = await startWith({}, Replacing);
      expect(valueOf(await ask(issuer.token({ sub: 'ada' })))).toEqual({
        user: { replaced: true },
        sub: 'ada',
      });
    });

    it('may make guests, who meet no requirement and have no claims', async () => {
      const { ask } = await startWith({}, Hospitable);
      for (const token of [undefined, issuer.token({ wrong: 'tampered' })]) {
        expect(valueOf(await ask(token))).toEqual({ user: { guest: true } });
      }
      expect(await ask(undefined, 'create')).toEqual({ status: 401, code: 'token_missing' });
      expect(await ask(issuer.token(), 'create')).toEqual({ status: 403, code: 'scope_missing' });
    });

    it('refuses for reasons of its own', async () => {
      const { ask } = await startWith({}, Forbidding);
      expect(await ask(issuer.token())).toEqual({ status: 403, code: 'check_refused' });
    });
  });
});
