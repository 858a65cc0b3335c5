import { ForbiddenException } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { IdentityEvents, IdentityStats, TokenValidationService } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ExecutionContextHost } from '../../test/support/execution-context.js';
import { planOf } from '../../test/support/plan-of.js';
import { createModule } from '../../test/support/create-module.js';
import { IdentityError } from '../errors/identity-error.js';
import type { IdentityEvent } from '../events/identity-event.js';
import type { ValidatedToken } from '../model/token.js';
import { ClaimRequirement } from '../requirements/claim.js';
import type { Requirement } from '../requirements/requirement.js';
import { RolesRequirement } from '../requirements/roles.js';
import { ScopesRequirement } from '../requirements/scopes.js';
import { Authorizer } from './authorizer.js';

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
let module: TestingModule;
let authorizer: Authorizer;
beforeAll(async () => {
  module = await createModule(issuer.moduleOptions({ rolesClaim: 'roles' }));
  authorizer = module.get(Authorizer);
});
afterAll(() => module.close());

const validate = async (claims: object): Promise<ValidatedToken> =>
  module.get(TokenValidationService).validate(issuer.token({ claims: { ...claims } }));

const authorize = (
  validated: ValidatedToken,
  ...requirements: readonly Requirement[]
): ReturnType<Authorizer['authorize']> =>
  authorizer.authorize(validated, { plan: planOf(...requirements), context: new ExecutionContextHost([]) });

/** What is reported from now on. */
function observe(): IdentityEvent[] {
  const events: IdentityEvent[] = [];
  const subscription = module.get(IdentityEvents).events$.subscribe((event) => events.push(event));
  onTestFinished(() => subscription.unsubscribe());
  return events;
}

/** How often each code was counted so far: for the issuer, for requests without a token, and in all. */
function counts(): Record<'ofIssuer' | 'others' | 'all', Map<string, number>> {
  const { issuers, otherDenials, window } = module.get(IdentityStats).snapshot();
  const mapOf = (rows: readonly { code: string; count: number }[] = []): Map<string, number> =>
    new Map(rows.map(({ code, count }) => [code, count]));
  return {
    ofIssuer: mapOf(issuers[0]?.denials),
    others: mapOf(otherDenials),
    all: mapOf(window.denials),
  };
}

describe('what a route demands of a valid token', () => {
  it('is met by every token if it is nothing', async () => {
    const token = await validate({});
    const events = observe();
    expect(authorize(token)).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('is met if the token has all of it', async () => {
    const token = await validate({ scope: 'a b', roles: ['admin'] });
    const requirements = [new ScopesRequirement(['a', 'b']), new RolesRequirement(['admin'])];
    const events = observe();
    expect(authorize(token, ...requirements)).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('is denied by the first requirement that is not met, with its challenge, and reported', async () => {
    const token = await validate({ scope: 'a' });
    const scopes = new ScopesRequirement(['a', 'b']);
    const events = observe();
    const denial = authorize(token, scopes, new RolesRequirement(['admin']));
    expect(denial).toEqual({
      kind: 'denied',
      error: new IdentityError('scope_missing', scopes.demand),
      validated: token,
      challenge: { scope: 'a b' },
    });
    expect(events).toEqual([
      { type: 'access.denied', code: 'scope_missing', reason: scopes.demand, issuer: issuer.issuer },
    ]);
  });

  it('asks the issuer of the token where its roles are', async () => {
    const requirements = [new RolesRequirement(['admin'])];
    const token = await validate({ roles: ['user'], other: ['admin'] });
    expect(authorize(token, ...requirements)).toMatchObject({ error: { code: 'role_missing' } });
    // Of an issuer that nobody knows, no claim holds roles.
    const stranger = { ...(await validate({ roles: ['admin'] })), issuer: 'https://stranger.test' };
    expect(authorize(stranger, ...requirements)).toMatchObject({ error: { code: 'role_missing' } });
  });

  it('is not decided if a function of the application breaks', async () => {
    const token = await validate({});
    const thrown = new TypeError('database');
    const events = observe();
    const broken = new ClaimRequirement(['sub'], () => {
      throw thrown;
    });
    const denial = authorize(token, broken);
    expect(denial).toMatchObject({ kind: 'denied', validated: token, broken: 'requirement' });
    expect(denial?.error).toBeInstanceOf(IdentityError);
    expect(denial?.error).toMatchObject({
      code: 'check_failed',
      message: "The application's own function of a requirement failed: it threw TypeError.",
      cause: thrown,
    });
    expect(events).toEqual([]);
  });

  it('is denied with an exception that a function of the application throws', async () => {
    const own = new ForbiddenException('not today');
    const refusing = new ClaimRequirement(['sub'], () => {
      throw own;
    });
    expect(authorize(await validate({}), refusing)?.error).toBe(own);
  });
});

describe('the count of denials', () => {
  it('has those of a valid token under its issuer', async () => {
    const before = counts();
    const events = observe();
    authorizer.countDenial(await validate({}), 'scope_missing');
    const after = counts();
    expect(after.ofIssuer.get('scope_missing')).toBe((before.ofIssuer.get('scope_missing') ?? 0) + 1);
    expect(after.others).toEqual(before.others);
    expect(events.filter(({ type }) => type === 'request.rejected')).toEqual([]);
  });

  it.each([
    ['token_missing', 'The request carries no Bearer token.'],
    [
      'authorization_malformed',
      'The Authorization header is repeated, or "Bearer" is not followed by exactly one token.',
    ],
  ] as const)('has %s without an issuer, and reports it', (code, reason) => {
    const before = counts();
    const events = observe();
    authorizer.countDenial(undefined, code);
    const after = counts();
    expect(after.others.get(code)).toBe((before.others.get(code) ?? 0) + 1);
    expect(after.ofIssuer).toEqual(before.ofIssuer);
    expect(events).toEqual([{ type: 'request.rejected', code, reason }]);
  });

  it('leaves out what a validation has counted', () => {
    const before = counts();
    const events = observe();
    // A validation counts a hook of the application that fails, and metrics have a row for the code.
    authorizer.countDenial(undefined, 'check_failed');
    expect(counts()).toEqual(before);
    expect(events).toEqual([]);
  });
});
