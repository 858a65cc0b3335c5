import * as core from '@nestjs/core';
import * as nestJwt from '@nestjs/jwt';
import * as passport from '@nestjs/passport';
import * as cognito from 'aws-jwt-verify';
import { Test } from '@nestjs/testing';
import * as bearer from 'express-oauth2-jwt-bearer';
import * as jwksRsa from 'jwks-rsa';
import passportJwt from 'passport-jwt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { TestIssuer, withIdentity, withIssuer } from 'nestjs-identity-model/testing';
import { blocksBelow, headingsOf, runBlock } from './docs/run-block.js';
import { createApp, get, PLATFORMS, type Platform } from './support/create-app.js';
import { ProviderDouble } from './support/provider-double.js';
import { signToken } from './support/signing-key.js';

const FOLDER = 'docs/migration';
const MODULES = {
  '@nestjs/core': core,
  '@nestjs/jwt': nestJwt,
  '@nestjs/passport': passport,
  'express-oauth2-jwt-bearer': bearer,
  'jwks-rsa': jwksRsa,
  'passport-jwt': passportJwt,
};

/** A block that runs: where it stands, and what its tokens need besides the usual claims. */
interface Form {
  readonly name: string;
  readonly page: string;
  /** The one that the block is below; absent if it is below the title. */
  readonly heading?: string;
  readonly block: number;
  readonly issuer?: string;
  readonly good?: object;
  readonly wrongAudience?: object;
  readonly platforms?: readonly Platform[];
  /** What it answers while the provider is down and no key is known. */
  readonly outage: number;
  readonly times: Times;
  /** Whether it takes PS256 where the provider has a key for it. */
  readonly ps256: number;
}

/** How a form judges time: its leeway, and what it answers to a token without `exp` and to an `iat` that is still to come. */
interface Times {
  readonly leewaySec: number;
  readonly withoutExp: number;
  readonly issuedInFuture: number;
}
const STOCK: Times = { leewaySec: 0, withoutExp: 200, issuedInFuture: 200 };
const BEARER: Times = { leewaySec: 5, withoutExp: 401, issuedInFuture: 200 };
const OURS: Times = { leewaySec: 30, withoutExp: 401, issuedInFuture: 401 };

const COGNITO = {
  issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E',
  good: {
    aud: undefined,
    client_id: '57cbishk4j24pabc1234567890',
    'cognito:groups': ['staff'],
    token_use: 'access',
  },
  wrongAudience: { client_id: 'another' },
};
const KEYCLOAK = { issuer: 'https://id.example.com/realms/shop' };

const STEP_1 = 'Step 1: keep the strategy, replace the keys';
const ENTRA = {
  issuer: 'https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0',
  good: { aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3', azp: 'client', scp: 'orders.read', oid: 'ada' },
};
const OURS_ON_RS256 = { outage: 503, times: OURS, ps256: 401 };

const BEFORE: readonly Form[] = [
  {
    name: 'passport-jwt, before',
    page: 'passport-jwt',
    block: 0,
    outage: 401,
    times: STOCK,
    ps256: 401,
  },
  {
    name: 'express-oauth2-jwt-bearer, before',
    page: 'express-oauth2-jwt-bearer',
    block: 0,
    platforms: ['express'],
    outage: 401,
    times: BEARER,
    ps256: 200,
  },
  {
    name: '@nestjs/jwt, before',
    page: 'nestjs-jwt',
    block: 0,
    outage: 200,
    times: STOCK,
    ps256: 401,
  },
];
const AFTER: readonly Form[] = [
  {
    name: 'passport-jwt, step 1',
    page: 'passport-jwt',
    heading: STEP_1,
    block: 0,
    outage: 503,
    times: STOCK,
    ps256: 401,
  },
  {
    name: 'passport-jwt, step 2',
    page: 'passport-jwt',
    heading: 'Step 2: move over',
    block: 0,
    outage: 503,
    times: OURS,
    ps256: 401,
  },
  {
    name: 'express-oauth2-jwt-bearer, after',
    page: 'express-oauth2-jwt-bearer',
    block: 1,
    outage: 503,
    times: OURS,
    ps256: 200,
  },
  {
    name: 'nest-keycloak-connect, after',
    page: 'nest-keycloak-connect',
    block: 0,
    ...KEYCLOAK,
    outage: 503,
    times: OURS,
    ps256: 401,
  },
  {
    name: '@nestjs/jwt, after',
    page: 'nestjs-jwt',
    block: 1,
    outage: 503,
    times: OURS,
    ps256: 401,
  },
  {
    name: 'aws-jwt-verify, after',
    page: 'aws-jwt-verify',
    block: 1,
    ...COGNITO,
    outage: 503,
    times: OURS,
    ps256: 200,
  },
  {
    name: 'passport-azure-ad, after',
    page: 'passport-azure-ad',
    block: 0,
    ...ENTRA,
    ...OURS_ON_RS256,
  },
  {
    name: 'passport-jwt, users',
    page: 'passport-jwt',
    heading: 'Users',
    block: 0,
    good: { sub: 'ada' },
    ...OURS_ON_RS256,
  },
  ...[0, 1].map((block) => ({
    name: `passport-jwt, global guard ${String(block)}`,
    page: 'passport-jwt',
    heading: 'A global guard',
    block,
    ...OURS_ON_RS256,
  })),
];
const CASES = [...BEFORE, ...AFTER].flatMap((form) =>
  (form.platforms ?? PLATFORMS).map((platform) => ({ ...form, platform })),
);

let provider: ProviderDouble;
let close: () => Promise<unknown> = async () => undefined;

beforeEach(async () => {
  provider = await ProviderDouble.start();
  const { kty = '', n = '', e = '' } = provider.key.jwk;
  const pem = createPublicKey({ key: { kty, n, e }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  vi.stubEnv('JWT_PUBLIC_KEY', String(pem));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  await close();
  close = async () => undefined;
  await provider.stop();
});

const blocksOf = (page: string, heading?: string): string[] => {
  const document = `${FOLDER}/${page}.md`;
  return blocksBelow(document, heading ?? headingsOf(document, 1)[0] ?? '');
};

/** The application of a block, as it stands in the document but for the provider's address and what `edit` changes. */
async function start(
  { page, heading, block, issuer = 'https://id.example.com' }: Form,
  platform: Platform,
  edit: (code: string) => string = (code) => code,
): Promise<string> {
  const code = blocksOf(page, heading)[block];
  if (code === undefined) throw new Error(`"${page}" has no block ${String(block)}`);
  expect(code).toContain(issuer);
  const { AppModule } = runBlock(edit(code).replaceAll(issuer, provider.issuer), MODULES);
  const { app, url } = await createApp(platform, { imports: [AppModule as new () => object] });
  close = () => app.close();
  return `${url}/orders`;
}

const statusOf = async (url: string, token?: string): Promise<number> => (await get(url, token)).status;

describe.each(CASES)('$name, on $platform', (form) => {
  it('lets a good token in, and no other', async () => {
    const url = await start(form, form.platform);
    const token = (claims: object): string => provider.token({ ...form.good, ...claims });
    expect(await statusOf(url, token({}))).toBe(200);
    expect(await statusOf(url)).toBe(401);
    expect(await statusOf(url, token({ exp: 1_000 }))).toBe(401);
    expect(await statusOf(url, token(form.wrongAudience ?? { aud: 'another' }))).toBe(401);
    expect(await statusOf(url, token({ iss: 'https://another.example.com' }))).toBe(401);
  });

  it('answers what the document says while the provider is down', async () => {
    for (const path of [provider.metadataPath, provider.jwksPath]) {
      provider.answers.set(path, (request) => request.socket.destroy());
    }
    const url = await start(form, form.platform);
    expect(await statusOf(url, provider.token({ ...form.good }))).toBe(form.outage);
  });

  it('allows the algorithms that the document says', async () => {
    const { key } = provider;
    const pss = { ...key, alg: 'PS256', kid: 'pss', jwk: { ...key.jwk, alg: 'PS256', kid: 'pss' } };
    provider.keys.push(pss);
    const url = await start(form, form.platform);
    expect(await statusOf(url, signToken(pss, provider.claims({ ...form.good })))).toBe(form.ps256);
  });

  it('judges time as the document says', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const nowSec = Math.floor(Date.now() / 1000);
    vi.setSystemTime(nowSec * 1000);
    const { leewaySec, withoutExp, issuedInFuture } = form.times;
    const url = await start(form, form.platform);
    const status = async (claims: object): Promise<number> =>
      statusOf(url, provider.token({ ...form.good, ...claims }));
    expect(await status({ exp: nowSec - leewaySec + 1 })).toBe(200);
    expect(await status({ exp: nowSec - leewaySec })).toBe(401);
    expect(await status({ exp: undefined })).toBe(withoutExp);
    expect(await status({ iat: nowSec + 3_600 })).toBe(issuedInFuture);
  });
});

describe.each(AFTER.filter(({ times }) => times === OURS))('$name', (form) => {
  it('has no leeway with clockToleranceMs: 0', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const nowSec = Math.floor(Date.now() / 1000);
    const url = await start(form, 'express', (code) =>
      code.replace("issuer: '", "clockToleranceMs: 0, issuer: '"),
    );
    const status = async (exp: number): Promise<number> =>
      statusOf(url, provider.token({ ...form.good, exp }));
    expect(await status(nowSec + 1)).toBe(200);
    expect(await status(nowSec)).toBe(401);
  });
});

describe('what the documents say besides', () => {
  const form = (name: string): Form => AFTER.find((each) => each.name === name)!;
  const post = async (url: string, token: string): Promise<number> =>
    (await get(url, token, { method: 'POST' })).status;

  it('express-oauth2-jwt-bearer demanded the scope, and so do we', async () => {
    for (const each of [BEFORE[1]!, form('express-oauth2-jwt-bearer, after')]) {
      const url = await start(each, 'express');
      expect(await post(url, provider.token({ scope: 'orders:write' }))).toBe(201);
      expect(await post(url, provider.token({ scope: 'orders:read' }))).toBe(403);
      await close();
      close = async () => undefined;
    }
  });

  it('express-oauth2-jwt-bearer answered other schemes with 400, and named the reason in the challenge', async () => {
    const challenges: string[] = [];
    for (const [each, status] of [
      [BEFORE[1]!, 400],
      [form('express-oauth2-jwt-bearer, after'), 401],
    ] as const) {
      const url = await start(each, 'express');
      const basic = await fetch(url, { headers: { authorization: 'Basic YTpi' } });
      expect(basic.status).toBe(status);
      const refused = await get(url, provider.token({ aud: 'another' }));
      challenges.push(refused.headers.get('www-authenticate') ?? '');
      await close();
      close = async () => undefined;
    }
    const [before, after] = challenges;
    expect(before).toContain("Unexpected 'aud' value");
    expect(after).toContain('error_description="The access token is invalid"');
  });

  it.each([
    ['an issuer that signs with RS256', () => TestIssuer.inMemory({ algorithm: 'RS256' }), 200],
    ['an issuer with the algorithm of its own', () => TestIssuer.inMemory(), 401],
    ['withIdentity', undefined, 401],
  ])('a stock strategy under test, with %s', async (_name, create, status) => {
    const [code = ''] = blocksOf('passport-jwt', STEP_1);
    const { AppModule } = runBlock(code, MODULES);
    const builder = Test.createTestingModule({ imports: [AppModule as new () => object] });
    const issuer = create?.();
    if (issuer === undefined) withIdentity(builder, { sub: 'ada' });
    else withIssuer(builder, issuer);
    const app = (await builder.compile()).createNestApplication({ logger: false });
    close = () => app.close();
    await app.listen(0, '127.0.0.1');
    expect(await statusOf(`${await app.getUrl()}/orders`, issuer?.token())).toBe(status);
  });

  it('roles of Keycloak: all of them, or any by a claim', async () => {
    const url = await start(form('nest-keycloak-connect, after'), 'express');
    const token = (...roles: string[]): string => provider.token({ realm_access: { roles } });
    expect(await post(url, token('staff', 'buyer'))).toBe(201);
    expect(await post(url, token('staff'))).toBe(403);
    expect(await statusOf(`${url}/audit`, token('auditor'))).toBe(200);
    expect(await statusOf(`${url}/audit`, token('buyer'))).toBe(403);
    expect(await statusOf(`${url}/catalogue`)).toBe(200);
    expect(await statusOf(`${url}/mine`)).toBe(401);
  });

  it('aws-jwt-verify demanded token_use, and so do we; it had no leeway and did not ask for exp', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const nowSec = Math.floor(Date.now() / 1000);
    const { alg, ...jwk } = provider.key.jwk;
    const create = (properties: { userPoolId: string; clientId: string; tokenUse: 'access' }): object => {
      const verifier = cognito.CognitoJwtVerifier.create(properties);
      verifier.cacheJwks({ keys: [{ ...jwk, alg, kty: 'RSA' }] });
      return verifier;
    };
    const [before = ''] = blocksOf('aws-jwt-verify');
    const { AppModule } = runBlock(before, { 'aws-jwt-verify': { CognitoJwtVerifier: { create } } });
    const { app, url } = await createApp('express', { imports: [AppModule as new () => object] });
    const status = async (claims: object): Promise<number> =>
      statusOf(
        `${url}/orders`,
        provider.token({ ...COGNITO.good, iss: COGNITO.issuer, ...claims }, { typ: undefined }),
      );
    expect(await status({})).toBe(200);
    expect(await status({ token_use: undefined })).toBe(401);
    expect(await status({ exp: nowSec - 1 })).toBe(401);
    expect(await status({ exp: undefined })).toBe(200);
    expect(await status({ iat: nowSec + 3_600 })).toBe(200);
    await app.close();

    const after = await start(form('aws-jwt-verify, after'), 'express');
    expect(await statusOf(after, provider.token({ ...COGNITO.good, token_use: undefined }))).toBe(401);
    await close();
    const without = await start(form('aws-jwt-verify, after'), 'express', (code) =>
      code.replace("requiredClaims: ['token_use'],", ''),
    );
    expect(await statusOf(without, provider.token({ ...COGNITO.good, token_use: undefined }))).toBe(200);
  });

  it('somebody in no group of Cognito is a 403', async () => {
    const url = await start(form('aws-jwt-verify, after'), 'express');
    expect(await statusOf(url, provider.token({ ...COGNITO.good, 'cognito:groups': [] }))).toBe(403);
  });

  it('exceptions of a former validate keep their status and message in mapUser', async () => {
    const url = await start(form('passport-jwt, users'), 'express');
    const answer = async (sub: string): Promise<unknown> => {
      const response = await get(url, provider.token({ sub }));
      return [response.status, ((await response.json()) as { message?: string }).message];
    };
    expect(await answer('ada')).toEqual([200, undefined]);
    expect(await answer('mallory')).toEqual([401, 'unknown user']);
    expect(await answer('eve')).toEqual([403, 'this account is locked']);
  });

  it.each([0, 1])('a global guard leaves public routes open, block %i', async (block) => {
    const url = await start(form(`passport-jwt, global guard ${String(block)}`), 'express');
    expect(await statusOf(`${url}/catalogue`)).toBe(200);
    expect(await statusOf(url)).toBe(401);
  });

  it('an optional route lets requests without a token in, and rejects bad ones', async () => {
    const optional = { ...form('passport-jwt, users'), heading: 'Optional authentication' };
    const url = await start(optional, 'express');
    expect(await (await get(url)).json()).toEqual({ for: 'everyone' });
    expect(await (await get(url, provider.token({ sub: 'ada' }))).json()).toEqual({ for: 'ada' });
    expect(await statusOf(url, provider.token({ exp: 1_000 }))).toBe(401);
  });

  it('an optional route keeps the 401, 403 and 503 of a token that came', async () => {
    const url = await start(form('passport-jwt, users'), 'express', (code) =>
      code
        .replace('  @Get() list(', '  @OptionalAuth() @Get() list(')
        .replace('{ user: User }', '{ user?: User }')
        .replace('request.user.name', "request.user?.name ?? 'everyone'")
        .replace('{ IdentityAuthGuard,', '{ IdentityAuthGuard, OptionalAuth,'),
    );
    expect(await statusOf(url)).toBe(200);
    for (const [sub, status] of Object.entries({ ada: 200, mallory: 401, eve: 403 }))
      expect(await statusOf(url, provider.token({ sub }))).toBe(status);
  });

  it('a guard of passport that was forgotten is a 500 for each request', async () => {
    const url = await start(form('passport-jwt, step 2'), 'express', (code) =>
      `import { AuthGuard } from '@nestjs/passport';\n${code}`.replace(
        'UseGuards(IdentityAuthGuard)',
        "UseGuards(AuthGuard('forgotten'))",
      ),
    );
    expect(await statusOf(url, provider.token({}))).toBe(500);
  });

  it('a strategy is created in unit tests with the stub that the page shows', () => {
    const [code = ''] = blocksOf('passport-jwt', STEP_1);
    const { JwtStrategy } = runBlock(code, MODULES) as {
      JwtStrategy: new (jwks: unknown) => { validate(payload: object): object };
    };
    const payload = { sub: 'ada' };
    expect(new JwtStrategy({ secretOrKeyProvider: () => () => undefined }).validate(payload)).toBe(payload);
  });

  it('passport-azure-ad: scopes any-of, app roles, and no ID tokens', async () => {
    const url = await start(form('passport-azure-ad, after'), 'express');
    const token = (claims: object): string => provider.token({ ...ENTRA.good, ...claims });
    expect(await statusOf(url, token({ scp: 'orders.write' }))).toBe(200);
    expect(await statusOf(url, token({ scp: 'profile' }))).toBe(403);
    expect(await post(url, token({ roles: ['Orders.Approve'] }))).toBe(201);
    expect(await post(url, token({}))).toBe(403);
    expect(await statusOf(url, token({ azp: undefined }))).toBe(401);
  });

  it('every page has a form that runs, and the index names it', () => {
    const pages = readdirSync(FOLDER).filter((name) => name !== 'index.md');
    const covered = new Set(AFTER.map(({ page }) => `${page}.md`));
    expect([...covered].toSorted()).toEqual(pages.toSorted());
    const index = readFileSync(`${FOLDER}/index.md`, 'utf8');
    for (const page of pages) expect(index).toContain(`](${page})`);
  });
});
