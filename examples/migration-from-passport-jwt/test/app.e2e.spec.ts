import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppModule as After } from '../src/after/app.module.js';
import { AppModule as Before } from '../src/before/app.module.js';
import { AppModule as Step1 } from '../src/step-1/app.module.js';

/** A provider on a loopback port, since the strategy of before fetches its keys itself. */
let issuer: TestIssuer;
let app: INestApplication;

const STEPS = [
  { name: 'before', module: Before, badTokenOnOptionalRoute: 200, outage: 401 },
  { name: 'step 1', module: Step1, badTokenOnOptionalRoute: 200, outage: 503 },
  { name: 'after', module: After, badTokenOnOptionalRoute: 401, outage: 503 },
];

describe.each(STEPS)('$name', ({ module, badTokenOnOptionalRoute, outage }) => {
  beforeEach(async () => {
    issuer = await TestIssuer.start({ audience: 'orders-api', algorithm: 'RS256' });
    process.env['OIDC_ISSUER'] = issuer.issuer;
    const metadata = (await (await fetch(issuer.discoveryUrl)).json()) as { jwks_uri: string };
    process.env['JWKS_URI'] = metadata.jwks_uri;
    app = (await Test.createTestingModule({ imports: [module] }).compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  afterEach(async () => {
    await app.close();
    await issuer.stop();
  });

  async function ask(path: string, authorization?: string, method = 'GET') {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch(`${await app.getUrl()}${path}`, { method, headers });
    return { status: response.status, body: (await response.json()) as unknown };
  }

  it('knows its users', async () => {
    expect((await ask('/orders', issuer.bearer({ sub: 'ada' }))).body).toEqual({ for: 'Ada' });
    expect((await ask('/orders')).status).toBe(401);
    expect((await ask('/orders', issuer.bearer({ wrong: 'expired' }))).status).toBe(401);
    expect((await ask('/orders', issuer.bearer({ wrong: 'wrong audience' }))).status).toBe(401);
  });

  it('answers 401 to strangers and 403 to those who are locked out', async () => {
    expect((await ask('/orders', issuer.bearer({ sub: 'mallory' }))).status).toBe(401);
    const locked = await ask('/orders', issuer.bearer({ sub: 'eve' }));
    expect(locked).toMatchObject({ status: 403, body: { message: 'This account is locked' } });
  });

  it('asks for the role', async () => {
    expect((await ask('/orders', issuer.bearer({ sub: 'ada' }), 'DELETE')).status).toBe(200);
    expect((await ask('/orders', issuer.bearer({ sub: 'bob' }), 'DELETE')).status).toBe(403);
  });

  it('shows offers to everybody', async () => {
    expect((await ask('/orders/offers')).body).toEqual({ for: 'everybody' });
    expect((await ask('/orders/offers', issuer.bearer({ sub: 'bob' }))).body).toEqual({ for: 'Bob' });
    const bad = await ask('/orders/offers', issuer.bearer({ wrong: 'expired' }));
    expect(bad.status).toBe(badTokenOnOptionalRoute);
  });

  it('answers an outage of the provider', async () => {
    issuer.misbehave('down');
    expect((await ask('/orders', issuer.bearer({ sub: 'ada' }))).status).toBe(outage);
  });
});
