import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  DiscoveryService,
  IdentityModule,
  JwksService,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import {
  TestClock,
  TestIssuer,
  type MintOptions,
  withClock,
  withIssuer,
  WRONG_TOKENS,
  type LoopbackIssuerOptions,
  type Misbehaviour,
  type PrivateKeySource,
  type WrongToken,
} from 'nestjs-identity-model/testing';
import { isVerifiableHere, SIGNATURE_ALGORITHMS } from '../../lib/model/algorithms.js';
import { rejectionOf } from '../support/create-module.js';
import { applicationWith, PRODUCTION } from './application.js';
import { startApp } from './start-app.js';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of open.splice(0).toReversed()) await close();
});

/** The three places where an issuer can be. */
const PLACES = {
  'in memory': async (options: LoopbackIssuerOptions = {}) => Promise.resolve(TestIssuer.inMemory(options)),
  'on loopback': (options: LoopbackIssuerOptions = {}) => TestIssuer.start(options),
  'on loopback with TLS': (options: LoopbackIssuerOptions = {}) =>
    TestIssuer.start({ ...options, https: true }),
};

async function moduleFor(
  issuer: TestIssuer,
  { clock, ...own }: IdentityModuleOptions & { clock?: TestClock } = {},
): Promise<TestingModule> {
  const builder = Test.createTestingModule({
    imports: [IdentityModule.forRoot(issuer.moduleOptions({ warmUp: 'off', ...own }))],
  });
  const module = await (clock === undefined ? builder : withClock(builder, clock)).compile();
  module.useLogger(false);
  await module.init();
  open.push(async () => {
    await module.close();
    await issuer.stop();
  });
  return module;
}

const CODES: Record<WrongToken, string> = {
  expired: 'token_expired',
  'without expiry': 'claim_missing',
  'not yet valid': 'token_not_yet_valid',
  'issued in the future': 'issued_in_future',
  'wrong issuer': 'issuer_unknown',
  'wrong audience': 'audience_mismatch',
  'id token': 'not_an_access_token',
  'sender-constrained': 'sender_constrained',
  'wrong type': 'token_type_not_accepted',
  'unknown kid': 'key_not_found',
  tampered: 'signature_invalid',
  'wrong key': 'signature_invalid',
  'alg none': 'token_malformed',
  'alg confusion': 'algorithm_not_allowed',
  'not a token': 'token_malformed',
};

describe.each(Object.entries(PLACES))('TestIssuer %s', (_place, create) => {
  it('mints tokens that the module accepts, and counts what it is asked', async () => {
    const issuer = await create();
    const module = await moduleFor(issuer);
    const tokens = module.get(TokenValidationService);
    const { claims } = await tokens.validate(issuer.token({ sub: 'ada', scope: ['a', 'b'] }));
    expect(claims).toMatchObject({ sub: 'ada', scope: 'a b', iss: issuer.issuer, aud: 'test-api' });
    await tokens.validate(issuer.bearer().slice('Bearer '.length));
    expect(issuer.requests).toEqual(['discovery', 'jwks']);
    expect([issuer.count(), issuer.count('jwks')]).toEqual([2, 1]);
  });

  it('rotates and withdraws keys', async () => {
    const issuer = await create();
    const module = await moduleFor(issuer);
    const tokens = module.get(TokenValidationService);
    const old = issuer.token();
    await tokens.validate(old);
    const added = issuer.rotate();
    expect((await tokens.validate(issuer.token())).header.kid).toBe(added.kid);
    await tokens.validate(old);
    const withdrawn = issuer.withdraw();
    expect(withdrawn.kid).not.toBe(added.kid);
    await module.get(JwksService).refresh();
    expect(await rejectionOf(tokens.validate(old))).toBe('key_not_found');
    expect((await tokens.validate(issuer.token())).header.kid).toBe(added.kid);
  });

  it.each([
    ['down', 'keys_unavailable'],
    ['error', 'keys_unavailable'],
    ['busy', 'keys_unavailable'],
    ['garbage', 'keys_unavailable'],
    ['wrong issuer', 'keys_unavailable'],
    ['no keys', 'keys_unavailable'],
  ] as [Misbehaviour, string][])('misbehaves: %s', async (how, code) => {
    const issuer = await create();
    const module = await moduleFor(issuer);
    issuer.misbehave(how);
    const tokens = module.get(TokenValidationService);
    expect(await rejectionOf(tokens.validate(issuer.token()))).toBe(code);
    issuer.behave();
    // Nobody waits for the end of the backoff.
    await module.get(DiscoveryService).refresh();
    await module.get(JwksService).refresh();
    await tokens.validate(issuer.token());
  });

  it('stalls, and the time limit of the module ends it', async () => {
    const issuer = await create();
    const module = await moduleFor(issuer, { http: { ...issuer.httpOptions(), timeoutMs: 500 } });
    issuer.misbehave('stall', { endpoint: 'jwks' });
    const tokens = module.get(TokenValidationService);
    expect(await rejectionOf(tokens.validate(issuer.token()))).toBe('keys_unavailable');
    expect(issuer.requests).toEqual(['discovery', 'jwks']);
  });

  it('is slow, and is waited for', async () => {
    const issuer = await create();
    const module = await moduleFor(issuer);
    issuer.misbehave('slow', { delayMs: 20 });
    await module.get(TokenValidationService).validate(issuer.token());
    expect(issuer.count()).toBe(2);
  });

  it('ends while an answer is on its way', async () => {
    const issuer = await create();
    const module = await moduleFor(issuer);
    issuer.misbehave('slow', { delayMs: 60_000 });
    const waiting = rejectionOf(module.get(TokenValidationService).validate(issuer.token()));
    while (issuer.count() === 0) await new Promise((resolve) => setImmediate(resolve));
    await issuer.stop();
    await module.close();
    expect(await waiting).toEqual(expect.any(String));
  });
});

describe('TestIssuer', () => {
  it.each(WRONG_TOKENS)('has wrong tokens by name: %s', async (wrong) => {
    const issuer = TestIssuer.inMemory();
    const tokens = (await moduleFor(issuer)).get(TokenValidationService);
    await tokens.validate(issuer.token());
    expect(await rejectionOf(tokens.validate(issuer.token({ wrong })))).toBe(CODES[wrong]);
  });

  it.each(SIGNATURE_ALGORITHMS.filter(isVerifiableHere).map(({ name }) => name))(
    'signs with %s',
    async (algorithm) => {
      const issuer = TestIssuer.inMemory({ algorithm });
      const tokens = (await moduleFor(issuer)).get(TokenValidationService);
      expect((await tokens.validate(issuer.token())).header.alg).toBe(algorithm);
    },
  );

  it('knows no other algorithm', () => {
    expect(() => TestIssuer.inMemory({ algorithm: 'HS256' }).token()).toThrow(/HS256/);
  });

  it('is nobody else: another host in memory is not there', async () => {
    const issuer = TestIssuer.inMemory();
    const module = await moduleFor(issuer, { issuer: 'https://other.example' });
    const token = issuer.token({ claims: { iss: 'https://other.example' } });
    expect(await rejectionOf(module.get(TokenValidationService).validate(token))).toBe('keys_unavailable');
    expect(issuer.count()).toBe(0);
  });

  it('lets a caller say what every member of a token is', async () => {
    const issuer = TestIssuer.inMemory();
    const tokens = (await moduleFor(issuer)).get(TokenValidationService);
    const token = issuer.token({
      claims: { sub: undefined, tenant: 7 },
      header: { typ: undefined, 'x-a': 1 },
    });
    const { claims, header } = await tokens.validate(token);
    expect(claims).toMatchObject({ tenant: 7 });
    expect(claims).not.toHaveProperty('sub');
    expect(header).not.toHaveProperty('typ');
    expect(await rejectionOf(tokens.validate(issuer.token({ expiresInMs: -60_000 })))).toBe('token_expired');
  });

  it.each(['production', 'Production', 'production '])(
    'refuses to run with NODE_ENV=%s unless told otherwise',
    async (environment) => {
      vi.stubEnv('NODE_ENV', environment);
      expect(() => TestIssuer.inMemory()).toThrow(/NODE_ENV is "production"/);
      expect(await rejectionOf(TestIssuer.start())).toBe('testing_in_production');
      expect(() => new TestClock()).toThrow(/NODE_ENV is "production"/);
      expect(() => TestIssuer.inMemory({ allowOutsideTests: true })).toThrow(/NODE_ENV is "production"/);
      TestIssuer.inMemory({ allowInProduction: true });
    },
  );
});

it('says of a token whatever a test says: resource, login, actor and details', async () => {
  const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
  const module = await moduleFor(issuer, { resource: { url: 'https://api.example.com' } });
  const tokens = module.get(TokenValidationService);
  const { claims } = await tokens.validate(
    issuer.token({
      resource: 'https://api.example.com',
      acr: 'phr',
      authTime: new Date(1_700_000_000_999),
      act: { sub: 'desk' },
      authorizationDetails: [{ type: 'payment' }],
    }),
  );
  expect(claims).toMatchObject({
    aud: 'https://api.example.com',
    acr: 'phr',
    auth_time: 1_700_000_000,
    act: { sub: 'desk' },
    authorization_details: [{ type: 'payment' }],
  });
  expect(await rejectionOf(tokens.validate(issuer.token()))).toBe('audience_mismatch');
  const silent = await tokens.validate(issuer.token({ resource: 'https://api.example.com' }));
  for (const name of ['acr', 'auth_time', 'act', 'authorization_details'])
    expect(silent.claims).not.toHaveProperty(name);
});

describe('an issuer that is started again', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'developer' };
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

  it.each<[string, PrivateKeySource, string]>([
    ['PEM', pem, 'test-key-1'],
    ['a JWK', jwk, 'developer'],
    ['a KeyObject', privateKey, 'test-key-1'],
  ])('with its port and a key as %s goes on being the same', async (_name, key, kid) => {
    const before = await TestIssuer.start({ key });
    const token = before.token({ sub: 'ada' });
    await before.stop();
    const port = Number(new URL(before.issuer).port);
    const again = await TestIssuer.start({ key, port });
    const module = await moduleFor(again);
    const { claims, header } = await module.get(TokenValidationService).validate(token);
    expect([claims.sub, header.kid, again.issuer]).toEqual(['ada', kid, before.issuer]);
    expect(JSON.stringify(again.keys.map((each) => each.jwk))).not.toContain('"d"');
    expect(again.rotate().jwk).not.toMatchObject({ x: again.keys.at(-1)?.jwk.x });
  });

  it('says that its port is taken', async () => {
    const first = await TestIssuer.start();
    open.push(() => first.stop());
    const port = Number(new URL(first.issuer).port);
    await expect(TestIssuer.start({ port })).rejects.toThrow(/EADDRINUSE/);
  });

  it.each<[string, PrivateKeySource, string | undefined, RegExp]>([
    ['of another algorithm', pem, 'RS256', /no key for RS256/],
    ['that is public', createPublicKey(privateKey), undefined, /no private key/],
    [
      'that is a public JWK',
      createPublicKey(privateKey).export({ format: 'jwk' }),
      undefined,
      /no private key/,
    ],
    ['that is garbage', 'secret', undefined, /no private key/],
    ['for no signatures', generateKeyPairSync('x25519').privateKey, undefined, /no key for any algorithm/],
  ])('refuses a key %s', (_name, key, algorithm, message) => {
    expect(() => TestIssuer.inMemory({ key, algorithm })).toThrow(message);
    expect(() => TestIssuer.inMemory({ key, algorithm })).not.toThrow(/secret/);
  });

  it.each([
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, undefined],
    ['PS512', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'PS512'],
    ['EdDSA', generateKeyPairSync('ed25519').privateKey, undefined],
  ])('signs with %s by the key that it is given', async (alg, key, algorithm) => {
    const issuer = TestIssuer.inMemory({ key, algorithm });
    const module = await moduleFor(issuer);
    const { header } = await module.get(TokenValidationService).validate(issuer.token());
    expect(header.alg).toBe(alg);
  });
});

describe('withIssuer', () => {
  it('makes tokens for the resource that the application is', async () => {
    const issuer = TestIssuer.inMemory();
    const { issuer: name } = PRODUCTION;
    const application = IdentityModule.forRoot({
      issuer: name,
      resource: { url: 'https://api.example.com' },
    });
    const module = await withIssuer(Test.createTestingModule({ imports: [application] }), issuer).compile();
    open.push(() => module.close());
    const { claims } = await module.get(TokenValidationService).validate(issuer.token());
    expect(claims.aud).toBe('https://api.example.com');
  });

  it('takes the place of the issuer of an application, under its name', async () => {
    const issuer = TestIssuer.inMemory();
    const { app, get } = await startApp(
      withIssuer(Test.createTestingModule({ imports: [applicationWith('APP_GUARD useClass')] }), issuer),
    );
    open.push(() => app.close());
    expect([issuer.issuer, issuer.audience]).toEqual([PRODUCTION.issuer, PRODUCTION.audience]);
    expect((await get('/orders')).status).toBe(401);
    expect((await get('/orders', issuer.bearer({ sub: 'ada' }))).body).toMatchObject({ sub: 'ada' });
    expect((await get('/orders/new', issuer.bearer())).status).toBe(403);
    expect((await get('/orders/new', issuer.bearer({ scope: 'orders:write' }))).status).toBe(200);
    expect((await get('/orders', issuer.bearer({ wrong: 'expired' }))).status).toBe(401);
  });

  it('tells an outage from a refused token', async () => {
    const issuer = TestIssuer.inMemory();
    issuer.misbehave('down');
    const { app, get } = await startApp(
      withIssuer(Test.createTestingModule({ imports: [applicationWith()] }), issuer),
    );
    open.push(() => app.close());
    expect((await get('/orders', issuer.bearer())).status).toBe(503);
  });

  it('gives an application the address of an issuer on loopback', async () => {
    const issuer = await TestIssuer.start();
    open.push(() => issuer.stop());
    const { app, get } = await startApp(
      withIssuer(Test.createTestingModule({ imports: [applicationWith()] }), issuer),
    );
    open.push(() => app.close());
    expect((await get('/orders', issuer.bearer())).body).toMatchObject({ iss: issuer.issuer });
  });

  it('signs with what the application allows', async () => {
    const issuer = TestIssuer.inMemory();
    const options = { ...PRODUCTION, algorithms: ['PS384'] };
    const { app, get } = await startApp(
      withIssuer(Test.createTestingModule({ imports: [applicationWith('@UseGuards', options)] }), issuer),
    );
    open.push(() => app.close());
    expect((await get('/orders', issuer.bearer())).status).toBe(200);
  });

  it('says what to do where it can stand for no single issuer, or was used too early', async () => {
    const several = {
      audience: 'x',
      issuers: [{ issuer: 'https://a.example' }, { issuer: 'https://b.example' }],
    };
    const loopback = await TestIssuer.start();
    open.push(() => loopback.stop());
    const builder = (issuer: TestIssuer, options: IdentityModuleOptions) =>
      withIssuer(Test.createTestingModule({ imports: [applicationWith('@UseGuards', options)] }), issuer);
    await expect(builder(loopback, several).compile()).rejects.toThrow(/inMemory\(\{ issuer \}\)/);
    const early = TestIssuer.inMemory();
    early.token();
    await expect(builder(early, PRODUCTION).compile()).rejects.toThrow(/before the issuer was plugged/);
  });
});

describe('TestClock', () => {
  it('lets tokens expire and keys refresh without anybody sleeping', async () => {
    const clock = new TestClock();
    const issuer = TestIssuer.inMemory({ clock });
    const module = await moduleFor(issuer, { clock });
    const tokens = module.get(TokenValidationService);
    const token = issuer.token({ expiresInMs: 60_000 });
    await tokens.validate(token);
    await clock.advance(89_000);
    await tokens.validate(token);
    await clock.advance(2_000);
    expect(await rejectionOf(tokens.validate(token))).toBe('token_expired');
    expect(issuer.count('jwks')).toBe(1);
    await clock.advance(600_000);
    expect(issuer.count('jwks')).toBe(2);
  });

  it('goes through an outage of a day: served, then told', async () => {
    const clock = new TestClock();
    const issuer = TestIssuer.inMemory({ clock });
    const module = await moduleFor(issuer, { clock });
    const tokens = module.get(TokenValidationService);
    await tokens.validate(issuer.token());
    issuer.misbehave('down');
    await clock.advance(23 * 3_600_000);
    await tokens.validate(issuer.token());
    await clock.advance(2 * 3_600_000);
    expect(await rejectionOf(tokens.validate(issuer.token()))).toBe('keys_unavailable');
    issuer.behave();
    await clock.advance(60_000);
    await tokens.validate(issuer.token());
  });

  it('holds a second rotation back until the clock moves', async () => {
    const clock = new TestClock();
    const issuer = TestIssuer.inMemory({ clock });
    const tokens = (await moduleFor(issuer, { clock })).get(TokenValidationService);
    await tokens.validate(issuer.token());
    await clock.advance(3_600_000);
    issuer.rotate();
    await tokens.validate(issuer.token());
    issuer.rotate();
    const asked = issuer.count('jwks');
    const waiting = tokens.validate(issuer.token());
    await clock.advance(1_900);
    expect(issuer.count('jwks')).toBe(asked);
    await clock.advance(100);
    await waiting;
    expect(issuer.count('jwks')).toBe(asked + 1);
  });

  it('goes on refusing after behave() until the back-off is over', async () => {
    const clock = new TestClock();
    const issuer = TestIssuer.inMemory({ clock });
    issuer.misbehave('down');
    const tokens = (await moduleFor(issuer, { clock })).get(TokenValidationService);
    expect(await rejectionOf(tokens.validate(issuer.token()))).toBe('keys_unavailable');
    issuer.behave();
    expect(await rejectionOf(tokens.validate(issuer.token()))).toBe('keys_unavailable');
    await clock.advance(60_000);
    await tokens.validate(issuer.token());
  });

  it("is the issuer's too, or its tokens are of another time", async () => {
    const clock = new TestClock();
    const issuer = TestIssuer.inMemory();
    const tokens = (await moduleFor(issuer, { clock })).get(TokenValidationService);
    await clock.advance(3_600_000);
    expect(await rejectionOf(tokens.validate(issuer.token()))).toBe('token_expired');
  });

  it('sets the wall clock without running what is due, and does not go back', async () => {
    const clock = new TestClock(1_700_000_000_000);
    const ran = vi.fn();
    clock.schedule(ran, 10);
    const cancel = clock.schedule(ran, 5);
    cancel();
    clock.jumpWall(3_600_000);
    expect(clock.wallMs()).toBe(1_700_003_600_000);
    expect(ran).not.toHaveBeenCalled();
    await clock.advance(10);
    expect(ran).toHaveBeenCalledTimes(1);
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
  });
});

describe('certificates of clients', () => {
  const issuer = TestIssuer.inMemory();

  it('are self-signed, have their key, and are one for each name', () => {
    const { cert, key, thumbprint } = issuer.certificate('Ünal & Söhne');
    const parsed = new X509Certificate(cert);
    expect(parsed.subject).toBe('CN=Ünal & Söhne');
    expect([
      parsed.verify(parsed.publicKey),
      parsed.checkPrivateKey(createPrivateKey(key)),
      parsed.ca,
    ]).toEqual([true, true, false]);
    expect(Date.parse(parsed.validTo)).toBeGreaterThan(Date.now());
    expect(Buffer.from(thumbprint, 'base64url').toString('hex').toUpperCase()).toBe(
      parsed.fingerprint256.replaceAll(':', ''),
    );
    expect(issuer.certificate('Ünal & Söhne')).toBe(issuer.certificate('Ünal & Söhne'));
    expect(issuer.certificate().thumbprint).not.toBe(issuer.certificate('another client').thumbprint);
    const long = new X509Certificate(issuer.certificate('x'.repeat(300)).cert);
    expect(long.verify(long.publicKey)).toBe(true);
  });

  it('are what tokens are bound to, beside a key or alone', () => {
    const cnfOf = (options: MintOptions): unknown => {
      const [, payload = ''] = issuer.token(options).split('.');
      return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { cnf?: unknown }).cnf;
    };
    const other = issuer.certificate('another client');
    const { thumbprint } = issuer.certificate();
    expect(cnfOf({})).toBeUndefined();
    expect(cnfOf({ certificate: true })).toEqual({ 'x5t#S256': thumbprint });
    expect(cnfOf({ certificate: other })).toEqual({ 'x5t#S256': other.thumbprint });
    expect(cnfOf({ certificate: true, dpop: true })).toEqual({
      jkt: expect.any(String) as string,
      'x5t#S256': thumbprint,
    });
  });
});
