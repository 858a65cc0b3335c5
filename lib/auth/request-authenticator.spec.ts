import type { ExecutionContext } from '@nestjs/common';
import { ExecutionContextHost } from '../../test/support/execution-context.js';
import { IdentityStats, oncePerOperation, type IdentityModuleOptions } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { planOf } from '../../test/support/plan-of.js';
import { createModule } from '../../test/support/create-module.js';
import { ScopesRequirement } from '../requirements/scopes.js';
import type { Requirement } from '../requirements/requirement.js';
import { httpTransport } from '../transports/http.transport.js';
import type { Transport } from '../transports/transport.js';
import type { AuthAttempt } from './auth-attempt.js';
import { recordAttempt } from './record-attempt.js';
import { RequestAuthenticator } from './request-authenticator.js';

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });

interface RequestLike {
  readonly headers: Record<string, string>;
  readonly socket?: { destroyed?: boolean };
}

class Orders {
  list(): void {
    // Never called: it stands for the handler.
  }
}

/** As GraphQL: several handlers of one request, at the same time. */
const concurrently = (outlives = false): Transport => ({
  ...httpTransport,
  handlersPerRequest: 'concurrent',
  outlivesRequest: () => outlives,
});

async function create(options: IdentityModuleOptions = {}): Promise<{
  authenticator: RequestAuthenticator;
  /** How many tokens were validated, good ones and bad ones. */
  validations: () => number;
}> {
  const module = await createModule(issuer.moduleOptions(options));
  onTestFinished(() => module.close());
  const validations = (): number =>
    module
      .get(IdentityStats)
      .snapshot()
      .window.validations.results.reduce((all, { count }) => all + count, 0);
  return { authenticator: module.get(RequestAuthenticator), validations };
}

const requestWith = (authorization?: string): RequestLike => ({
  headers: authorization === undefined ? {} : { authorization },
});

function attemptOf(
  request: RequestLike,
  {
    requirements = [],
    transport = httpTransport,
    ...others
  }: { requirements?: readonly Requirement[]; transport?: Transport } & Partial<AuthAttempt> = {},
): AuthAttempt {
  const context = new ExecutionContextHost([request, {}], Orders, Reflect.get(Orders.prototype, 'list'));
  return { context, plan: planOf(...requirements), transport, holder: request, ...others };
}

describe('the credentials of a request', () => {
  it('are read from it, and missing if it has none', async () => {
    const { authenticator, validations } = await create();
    for (const request of [requestWith(), requestWith('Basic YTpi')]) {
      const outcome = await authenticator.authenticate(attemptOf(request), request);
      expect(outcome).toMatchObject({ kind: 'denied', error: { code: 'token_missing', status: 401 } });
    }
    expect(validations()).toBe(0);
    const request = requestWith(issuer.bearer({ claims: { sub: 'ada' } }));
    const outcome = await authenticator.authenticate(attemptOf(request), request);
    expect(outcome).toMatchObject({ kind: 'authenticated', validated: { claims: { sub: 'ada' } } });
    expect(authenticator.read(attemptOf(request), request)).toEqual({
      scheme: 'Bearer',
      token: request.headers['authorization']?.slice('Bearer '.length),
    });
    expect(authenticator.read(attemptOf(requestWith()), requestWith())).toBeNull();
  });

  it('that cannot be read are a denial, not an exception', async () => {
    const { authenticator } = await create();
    const request = requestWith('Bearer a b');
    const outcome = await authenticator.authenticate(attemptOf(request), request);
    expect(outcome).toMatchObject({ kind: 'denied', error: { code: 'authorization_malformed' } });
  });

  it('are not read again if they were read before', async () => {
    const { authenticator } = await create();
    const request = requestWith('Bearer a b');
    const token = issuer.token();
    const good = attemptOf(request, { credentials: { scheme: 'Bearer', token } });
    expect(await authenticator.authenticate(good, request)).toMatchObject({ validated: { token } });
    const none = attemptOf(requestWith(issuer.bearer()), { credentials: null });
    expect(await authenticator.authenticate(none, request)).toMatchObject({
      error: { code: 'token_missing' },
    });
  });

  it('under another scheme are no bearer token', async () => {
    const { authenticator, validations } = await create();
    const request = requestWith();
    const attempt = attemptOf(request, { credentials: { scheme: 'DPoP', token: issuer.token() } });
    expect(await authenticator.authenticate(attempt, request)).toMatchObject({
      kind: 'denied',
      error: { code: 'token_missing' },
    });
    expect(validations()).toBe(0);
  });
});

describe('the token', () => {
  it('is validated', async () => {
    const { authenticator } = await create();
    const request = requestWith(issuer.bearer({ wrong: 'expired' }));
    const outcome = await authenticator.authenticate(attemptOf(request), request);
    expect(outcome).toMatchObject({ kind: 'denied', error: { code: 'token_expired' } });
    expect(outcome).toHaveProperty('validated', undefined);
  });

  it('is held against the requirements of the route', async () => {
    const { authenticator } = await create();
    const requirements = [new ScopesRequirement(['a'])];
    const poor = requestWith(issuer.bearer());
    const rich = requestWith(issuer.bearer({ scope: 'a' }));
    const denial = await authenticator.authenticate(attemptOf(poor, { requirements }), poor);
    expect(denial).toMatchObject({
      kind: 'denied',
      error: { code: 'scope_missing' },
      challenge: { scope: 'a' },
    });
    const outcome = await authenticator.authenticate(attemptOf(rich, { requirements }), rich);
    if (outcome.kind !== 'authenticated') throw new Error('expected a user');
    expect(authenticator.authorize(attemptOf(rich, { requirements }), outcome.validated)).toBeUndefined();
    expect(
      authenticator.authorize(
        attemptOf(rich, { requirements: [new ScopesRequirement(['b'])] }),
        outcome.validated,
      ),
    ).toMatchObject({ kind: 'denied', error: { code: 'scope_missing' } });
  });

  it.each([
    ['closed', { destroyed: true }, 'denied', 0],
    ['open', { destroyed: false }, 'authenticated', 1],
    ['not known', undefined, 'authenticated', 1],
  ])('is validated if the connection is %s: %j, %s', async (_what, socket, kind, count) => {
    const { authenticator, validations } = await create();
    const request: RequestLike = { ...requestWith(issuer.bearer()), ...(socket && { socket }) };
    const outcome = await authenticator.authenticate(attemptOf(request), request);
    expect(outcome).toMatchObject(kind === 'denied' ? { kind, error: { code: 'aborted' } } : { kind });
    expect(validations()).toBe(count);
  });
});

describe('the user', () => {
  it('is the claims without "mapUser"', async () => {
    const { authenticator } = await create();
    const request = requestWith(issuer.bearer());
    const outcome = await authenticator.authenticate(attemptOf(request), request);
    if (outcome.kind !== 'authenticated') throw new Error('expected a user');
    expect(outcome.user).toBe(outcome.validated.claims);
  });

  it('is what "mapUser" makes of token and call', async () => {
    const contexts: ExecutionContext[] = [];
    const { authenticator } = await create({
      mapUser: ({ claims }, context) => {
        contexts.push(context);
        return { name: claims.sub };
      },
    });
    const request = requestWith(issuer.bearer({ claims: { sub: 'ada' } }));
    const attempt = attemptOf(request);
    expect(await authenticator.authenticate(attempt, request)).toMatchObject({ user: { name: 'ada' } });
    expect(contexts).toEqual([attempt.context]);
  });

  it('that is refused is a denial which knows the token', async () => {
    const { authenticator } = await create({ mapUser: () => null });
    const request = requestWith(issuer.bearer());
    expect(await authenticator.authenticate(attemptOf(request), request)).toMatchObject({
      kind: 'denied',
      error: { code: 'user_refused' },
      validated: { issuer: issuer.issuer },
    });
  });
});

describe('an earlier decision about the same call and token', () => {
  it('spares the validation and "mapUser", and no requirement', async () => {
    let asked = 0;
    const { authenticator, validations } = await create({ mapUser: () => ({ number: ++asked }) });
    const request = requestWith(issuer.bearer());
    const attempt = attemptOf(request);
    const first = await authenticator.authenticate(attempt, request);
    if (first.kind !== 'authenticated') throw new Error('expected a user');
    const { validated, user, credentials } = first;
    expect(authenticator.decisionOf(attempt, credentials)).toBeUndefined();
    recordAttempt(
      'validated',
      attempt,
      { guard: {}, by: authenticator },
      { validated, resource: undefined, user, credentials, isOwn: true, leavesUser: true },
    );
    expect(authenticator.decisionOf(attempt, credentials)).toMatchObject({ validated, user });
    const others = [{ token: issuer.token() }, { scheme: 'DPoP' } as const];
    for (const other of others) {
      expect(authenticator.decisionOf(attempt, { ...credentials, ...other })).toBeUndefined();
    }

    expect(await authenticator.authenticate(attempt, request)).toEqual(first);
    expect([validations(), asked]).toEqual([1, 1]);
    const plan = planOf(new ScopesRequirement(['a']));
    expect(await authenticator.authenticate({ ...attempt, plan }, request)).toMatchObject({
      kind: 'denied',
      error: { code: 'scope_missing' },
    });

    // The same object in another call, as a connection that outlives its requests.
    const next = { ...attemptOf(request), holder: request };
    expect(await authenticator.authenticate(next, request)).toMatchObject({ user: { number: 2 } });
    expect([validations(), asked]).toEqual([2, 2]);
  });
});

describe('handlers that are called at the same time', () => {
  /** Two fields of one operation. */
  async function both(
    options: IdentityModuleOptions,
    transport: Transport,
  ): Promise<{ validations: number; users: readonly unknown[] }> {
    const { authenticator, validations } = await create(options);
    const request = requestWith(issuer.bearer());
    const outcomes = await Promise.all(
      [1, 2].map(() => authenticator.authenticate(attemptOf(request, { transport }), request)),
    );
    const users = outcomes.map((outcome) =>
      outcome.kind === 'authenticated' ? outcome.user : outcome.error,
    );
    return { validations: validations(), users };
  }
  const counting = (): (() => object) => {
    let asked = 0;
    return () => ({ number: ++asked });
  };

  it('share one validation, and each asks "mapUser"', async () => {
    expect(await both({ mapUser: counting() }, concurrently())).toEqual({
      validations: 1,
      users: [{ number: 1 }, { number: 2 }],
    });
  });

  it('share the user of a "mapUser" that says it does not depend on the field', async () => {
    expect(await both({ mapUser: oncePerOperation(counting()) }, concurrently())).toEqual({
      validations: 1,
      users: [{ number: 1 }, { number: 1 }],
    });
  });

  it('share nothing where one request has one handler', async () => {
    expect(await both({ mapUser: oncePerOperation(counting()) }, httpTransport)).toEqual({
      validations: 2,
      users: [{ number: 1 }, { number: 2 }],
    });
  });

  it.each([
    [false, 1],
    [true, 2],
  ])(
    'that follow share the validation, unless the holder outlives the request: %s',
    async (outlives, count) => {
      const { authenticator, validations } = await create();
      const request = requestWith(issuer.bearer());
      const transport = concurrently(outlives);
      for (let time = 0; time < 2; time++) {
        const attempt = attemptOf(request, { transport });
        expect(await authenticator.authenticate(attempt, request)).toMatchObject({ kind: 'authenticated' });
      }
      expect(validations()).toBe(count);
    },
  );
});
