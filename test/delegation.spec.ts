import { Body, Controller, Get, Post, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Actor,
  AuthorizationDetails,
  IdentityAuthGuard,
  IdentityModule,
  IdentityStats,
  OptionalAuth,
  RefuseDelegated,
  RequireActor,
  RequireAuthorizationDetails,
  type AuthorizationDetail,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, type TestApp } from './support/create-app.js';

const API = 'https://api.example.com';
const amountIn = (body: unknown): number => (body as { amount: number }).amount;

@UseGuards(IdentityAuthGuard)
@Controller()
class Routes {
  @Get('who') who(@Actor() actor?: Actor): object {
    return { actor: actor ?? null };
  }
  @OptionalAuth() @Get('maybe') maybe(@Actor() actor?: Actor): object {
    return { actor: actor ?? null };
  }
  @RequireActor('support-agent', 'bot') @Get('support') support(): object {
    return {};
  }
  @RequireActor() @Get('any-actor') anybody(): object {
    return {};
  }
  @RefuseDelegated() @Get('own') own(): object {
    return {};
  }
  @RequireAuthorizationDetails('payment') @Get('payments') payments(
    @AuthorizationDetails('payment') granted: AuthorizationDetail[],
  ): object {
    return { granted };
  }
  @RequireAuthorizationDetails('payment', (detail, context) => {
    const { body } = context.switchToHttp().getRequest<{ body: unknown }>();
    return detail['currency'] === 'EUR' && Number(detail['limit']) >= amountIn(body);
  })
  @Post('pay')
  pay(@Body() body: object): object {
    return body;
  }
  @RequireAuthorizationDetails('payment', () => {
    throw new Error('database');
  })
  @Get('broken')
  broken(): object {
    return {};
  }
  @Get('granted') granted(@AuthorizationDetails('payment') granted: AuthorizationDetail[]): object {
    return { granted };
  }
}

const issuer = TestIssuer.inMemory({ audience: API });
let test: TestApp;
beforeAll(async () => {
  test = await createApp('express', {
    imports: [IdentityModule.forRoot(issuer.moduleOptions({ resource: { url: API } }))],
    controllers: [Routes],
  });
});
afterAll(() => test.app.close());

async function ask(path: string, claims?: object, init: RequestInit = {}): Promise<[number, unknown]> {
  const authorization = claims && `Bearer ${issuer.token({ claims: { ...claims } })}`;
  const headers = { ...(authorization && { authorization }), 'content-type': 'application/json' };
  const response = await fetch(`${test.url}/${path}`, { ...init, headers });
  return [response.status, await response.json()];
}
const status = async (...args: Parameters<typeof ask>): Promise<number> => (await ask(...args))[0];

const deep = (levels: number): object => (levels === 1 ? { sub: 'a' } : { sub: 'a', act: deep(levels - 1) });

describe('an actor (RFC 8693 section 4.1)', () => {
  it('is handed over, the outermost alone', async () => {
    const act = { sub: 'agent', client_id: 'desk', act: { sub: 'earlier' } };
    expect(await ask('who', { act })).toEqual([200, { actor: act }]);
    expect(await ask('who', {})).toEqual([200, { actor: null }]);
    expect(await ask('maybe')).toEqual([200, { actor: null }]);
    expect(await ask('maybe', { act })).toEqual([200, { actor: act }]);
  });

  it('is demanded by sub or client_id', async () => {
    for (const act of [{ sub: 'support-agent' }, { client_id: 'bot' }, { sub: 'x', client_id: 'bot' }]) {
      expect(await status('support', { act })).toBe(200);
    }
    for (const act of [undefined, null, { sub: 'SUPPORT-AGENT' }, { sub: 'x' }, { client_id: 'x' }]) {
      expect(await status('support', { act })).toBe(403);
    }
  });

  it('inside another decides nothing', async () => {
    expect(await status('support', { act: { sub: 'x', act: { sub: 'support-agent' } } })).toBe(403);
  });

  it('may be anybody, or must not be there', async () => {
    expect(await status('any-actor', { act: { sub: 'x' } })).toBe(200);
    expect(await status('any-actor', {})).toBe(403);
    expect(await status('own', {})).toBe(200);
    expect(await status('own', { act: null })).toBe(200);
    expect(await status('own', { act: { sub: 'x' } })).toBe(403);
  });

  it.each<[string, unknown]>([
    ['a string', 'agent'],
    ['a number', 1],
    ['false', false],
    ['a list', [{ sub: 'support-agent' }]],
    ['nobody', {}],
    ['an empty name', { sub: '' }],
    ['a name that is no string', { sub: 1 }],
    ['a client that is no string', { sub: 'support-agent', client_id: 1 }],
    ['a chain that breaks', { sub: 'support-agent', act: 'x' }],
    ['a chain that ends in nobody', { sub: 'support-agent', act: {} }],
    ['a chain that goes on with null', { sub: 'support-agent', act: null }],
    ['a chain of nine', deep(9)],
  ])('that is %s is a malformed claim', async (_what, act) => {
    for (const path of ['who', 'maybe', 'support', 'any-actor', 'own']) {
      expect(await status(path, { act }), path).toBe(401);
    }
    // Who asks for none of it is not concerned.
    expect(await status('granted', { act })).toBe(200);
  });

  it('may have seven behind it', async () => {
    expect(await status('any-actor', { act: deep(8) })).toBe(200);
  });
});

describe('authorization details (RFC 9396)', () => {
  const payment = (limit: number, more: object = {}): object => ({
    type: 'payment',
    currency: 'EUR',
    limit,
    ...more,
  });
  const pay = async (amount: number, ...details: object[]): Promise<number> =>
    status('pay', { authorization_details: details }, { method: 'POST', body: JSON.stringify({ amount }) });

  it('are handed over by type', async () => {
    const details = [payment(1), { type: 'account' }, payment(2)];
    expect(await ask('payments', { authorization_details: details })).toEqual([
      200,
      { granted: [details[0], details[2]] },
    ]);
    expect(await ask('granted', {})).toEqual([200, { granted: [] }]);
  });

  it('of the demanded type let in, compared exactly', async () => {
    expect(await status('payments', { authorization_details: [payment(1)] })).toBe(200);
    for (const details of [[], [{ type: 'Payment' }], [{ type: 'payments' }]]) {
      expect(await status('payments', { authorization_details: details })).toBe(403);
    }
    expect(await status('payments', {})).toBe(403);
  });

  it('must fit the call, one of them entirely', async () => {
    expect(await pay(100, payment(100))).toBe(201);
    expect(await pay(101, payment(100))).toBe(403);
    expect(await pay(100, payment(1), payment(100))).toBe(201);
    // What two grant is not put together.
    expect(await pay(100, payment(1), payment(100, { currency: 'USD' }))).toBe(403);
    expect(await pay(150, payment(100), payment(100))).toBe(403);
  });

  it('for other locations grant nothing here (section 2.2)', async () => {
    const details = (locations: unknown): object => ({ authorization_details: [payment(1, { locations })] });
    expect(await status('payments', details([API]))).toBe(200);
    expect(await status('payments', details(['https://b.test', API]))).toBe(200);
    for (const locations of [['https://b.test'], [`${API}/`], [], API, null, [null]]) {
      expect(await status('payments', details(locations)), JSON.stringify(locations)).toBe(403);
      expect(await ask('granted', details(locations))).toEqual([200, { granted: [] }]);
    }
  });

  it.each<[string, unknown]>([
    ['an object', payment(1)],
    ['a string', 'payment'],
    ['true', true],
    ['a list with a string', [payment(1), 'payment']],
    ['a list with null', [null]],
    ['a list in a list', [[payment(1)]]],
    ['without a type', [payment(1), { limit: 1 }]],
    ['with a type that is no string', [payment(1), { type: 1 }]],
    ['with an empty type', [{ type: '' }]],
  ])('that are %s are a malformed claim', async (_what, details) => {
    for (const path of ['payments', 'granted']) {
      expect(await status(path, { authorization_details: details }), path).toBe(401);
    }
    expect(await status('who', { authorization_details: details })).toBe(200);
  });

  it('are not judged by a function that breaks', async () => {
    expect(await status('broken', { authorization_details: [payment(1)] })).toBe(503);
  });
});

it('each refusal has a code of its own, and the answer names it not', async () => {
  const before = test.app.get(IdentityStats).snapshot().window.denials;
  const [, body] = await ask('support', {});
  expect(JSON.stringify(body)).not.toContain('actor');
  await ask('own', { act: { sub: 'x' } });
  await ask('payments', {});
  await ask('who', { act: 1 });
  const after = test.app.get(IdentityStats).snapshot().window.denials;
  const grown = after.filter(
    ({ code, count }) => count > (before.find((each) => each.code === code)?.count ?? 0),
  );
  expect(grown.map(({ code }) => code).toSorted()).toEqual([
    'actor_not_met',
    'claim_invalid',
    'delegation_refused',
    'details_not_met',
  ]);
});

it.each<[string, () => unknown]>([
  ['RequireActor', () => RequireActor('')],
  ['RequireActor', () => RequireActor(1 as unknown as string)],
  ['RequireAuthorizationDetails', () => RequireAuthorizationDetails('')],
  ['RequireAuthorizationDetails', () => RequireAuthorizationDetails('a', 'b' as unknown as () => boolean)],
])('@%s refuses what it cannot use', (name, decorate) => {
  expect(decorate).toThrow(new RegExp(`^@${name} expects`));
});
