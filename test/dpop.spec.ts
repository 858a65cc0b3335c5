import {
  Controller,
  Get,
  Head,
  HttpCode,
  Post,
  Sse,
  UseGuards,
  type MessageEvent,
  type Type,
} from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  IdentityStats,
  memoryStore,
  OptionalAuth,
  Proof,
  Public,
  RequireScopes,
  RequireSenderConstrained,
  type IdentityModuleOptions,
  type SenderProof,
} from 'nestjs-identity-model';
import { TestIssuer, WRONG_PROOFS } from 'nestjs-identity-model/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from './support/fake-clock.js';
import { createApp, PLATFORMS, type Platform, type TestApp } from './support/create-app.js';

/** What clients call; the application does not know it by itself. */
const PUBLIC_URL = 'https://api.example.com/v1';
const NONCE_SECRET = 'a secret of thirty-two characters';

@UseGuards(IdentityAuthGuard)
@Controller('orders')
class OrdersController {
  @Get() list(@Claims('sub') sub: string, @Proof() proof?: SenderProof): object {
    return { sub, proof: proof ?? null };
  }

  @Post() @HttpCode(200) add(): object {
    return {};
  }

  @Head('head') head(): void {
    // Answers with headers only.
  }

  @RequireScopes('admin') @Get('admin') admin(): object {
    return {};
  }

  @RequireSenderConstrained() @Get('bound') bound(@Proof() proof: SenderProof): object {
    return { proof };
  }

  @OptionalAuth() @Get('optional') optional(@Proof() proof?: SenderProof): object {
    return { proof: proof ?? null };
  }

  @Public() @Get('public') open(@Proof() proof?: SenderProof): object {
    return { proof: proof ?? null };
  }

  @Sse('events') events(): Observable<MessageEvent> {
    return of({ data: 'event' });
  }

  @UseGuards(IdentityAuthGuard, IdentityAuthGuard) @Get('twice') twice(): object {
    return {};
  }
}

@UseGuards(IdentityAuthGuard)
@Controller('plain')
class PlainController {
  @Get() get(): object {
    return {};
  }
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const issuer = TestIssuer.inMemory();

async function start(
  platform: Platform,
  own: IdentityModuleOptions = {},
  controller: Type = OrdersController,
): Promise<TestApp> {
  const options = { publicUrl: PUBLIC_URL, senderConstrained: 'accept' as const, ...own };
  const test = await createApp(platform, {
    imports: [IdentityModule.forRoot(issuer.moduleOptions(options))],
    controllers: [controller],
  });
  open.push(() => test.app.close());
  return test;
}

/** A request with the headers as they are: several of one name, too. */
async function ask(
  { url }: TestApp,
  path: string,
  headers: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
  method = 'GET',
): Promise<Response> {
  const list = Array.isArray(headers) ? headers : Object.entries(headers);
  return fetch(url + path, {
    method,
    headers: list.map(([name, value]) => [name, value] as [string, string]),
  });
}

const bound = (path: string, method = 'GET'): { authorization: string; dpop: string } =>
  issuer.dpopHeaders(method, PUBLIC_URL + path);

const challengesOf = (response: Response): string => response.headers.get('www-authenticate') ?? '';

const BEARER = 'Bearer realm="api"';
const DPOP = 'DPoP realm="api", algs="ES256 EdDSA Ed25519"';
const ofProof = (error: string, description: string): string =>
  `${BEARER}, DPoP realm="api", error="${error}", error_description="${description}", algs="ES256 EdDSA Ed25519"`;
const INVALID_PROOF = ofProof('invalid_dpop_proof', 'The DPoP proof is missing or invalid');
const INVALID_TOKEN = 'error="invalid_token", error_description="The access token is invalid"';

describe.each(PLATFORMS)('DPoP over %s', (platform) => {
  it('lets a bound token in with a proof, and a bearer token as such', async () => {
    const test = await start(platform);
    const response = await ask(test, '/orders?page=2', bound('/orders?page=2'));
    expect(response.status).toBe(200);
    expect(response.headers.get('dpop-nonce')).toBeNull();
    expect(await response.json()).toEqual({
      sub: 'test-user',
      proof: { kind: 'dpop', jkt: expect.stringMatching(/^[\w-]{43}$/) },
    });
    const bearer = await ask(test, '/orders', { authorization: issuer.bearer() });
    expect([bearer.status, await bearer.json()]).toEqual([200, { sub: 'test-user', proof: null }]);
    const dpop = issuer.dpop('GET', `${PUBLIC_URL}/orders`, issuer.token(), { wrong: 'tampered' });
    expect((await ask(test, '/orders', { authorization: issuer.bearer(), dpop })).status).toBe(200);
  });

  it('reads the scheme in any case (RFC 9110 section 11.1)', async () => {
    const test = await start(platform);
    for (const scheme of ['dpop', 'DPOP', 'Dpop ']) {
      const { authorization, dpop } = bound('/orders');
      const headers = { authorization: authorization.replace('DPoP', scheme), dpop };
      expect((await ask(test, '/orders', headers)).status).toBe(200);
    }
  });

  it('refuses a proof that comes again, for the same request, too', async () => {
    const test = await start(platform);
    const headers = bound('/orders');
    expect((await ask(test, '/orders', headers)).status).toBe(200);
    const again = await ask(test, '/orders', headers);
    expect([again.status, challengesOf(again)]).toEqual([401, INVALID_PROOF]);
  });

  it.each(WRONG_PROOFS)('refuses a proof that is wrong: %s', async (wrong) => {
    const nonce = { secrets: [NONCE_SECRET] };
    const test = await start(platform, wrong === 'unknown nonce' ? { dpop: { nonce } } : {});
    const token = issuer.token({ dpop: true });
    const dpop = issuer.dpop('GET', `${PUBLIC_URL}/orders`, token, { wrong });
    const response = await ask(test, '/orders', { authorization: `DPoP ${token}`, dpop });
    const expected =
      wrong === 'unknown nonce'
        ? ofProof('use_dpop_nonce', 'The DPoP proof needs the nonce of this server')
        : INVALID_PROOF;
    expect([response.status, challengesOf(response)]).toEqual([401, expected]);
  });

  it('refuses what strips the binding or pretends it (RFC 9449 sections 7.1 and 7.2)', async () => {
    const test = await start(platform);
    const token = issuer.token({ dpop: true });
    const dpop = issuer.dpop('GET', `${PUBLIC_URL}/orders`, token);
    const plain = issuer.token();
    const cases: [
      headers: Readonly<Record<string, string>> | [string, string][],
      status: number,
      challenge: string,
    ][] = [
      // A bound token as a bearer token, with a good proof and without.
      [{ authorization: `Bearer ${token}`, dpop }, 401, `${BEARER}, ${INVALID_TOKEN}, ${DPOP}`],
      [{ authorization: `Bearer ${token}` }, 401, `${BEARER}, ${INVALID_TOKEN}, ${DPOP}`],
      // The scheme without a proof, and with two.
      [{ authorization: `DPoP ${token}` }, 401, INVALID_PROOF],
      [
        [
          ['authorization', `DPoP ${token}`],
          ['dpop', dpop],
          ['dpop', dpop],
        ],
        401,
        INVALID_PROOF,
      ],
      [{ authorization: `DPoP ${token}`, dpop: `${dpop}, ${dpop}` }, 401, INVALID_PROOF],
      [{ authorization: `DPoP ${token}`, dpop: `${dpop},` }, 401, INVALID_PROOF],
      [{ authorization: `DPoP ${token}`, dpop: '' }, 401, INVALID_PROOF],
      // A bearer token under the scheme, with a proof for it.
      [
        { authorization: `DPoP ${plain}`, dpop: issuer.dpop('GET', `${PUBLIC_URL}/orders`, plain) },
        401,
        `${BEARER}, DPoP realm="api", ${INVALID_TOKEN}, algs="ES256 EdDSA Ed25519"`,
      ],
      // Both schemes at once.
      [
        [
          ['authorization', `DPoP ${token}`],
          ['authorization', `Bearer ${plain}`],
          ['dpop', dpop],
        ],
        400,
        `${BEARER}, error="invalid_request", ${DPOP}`,
      ],
      [{ authorization: `DPoP ${token} ${token}`, dpop }, 400, `${BEARER}, error="invalid_request", ${DPOP}`],
      [
        { authorization: `DPoP ${token}, Bearer ${plain}`, dpop },
        400,
        `${BEARER}, error="invalid_request", ${DPOP}`,
      ],
      [{ authorization: 'DPoP', dpop }, 400, `${BEARER}, error="invalid_request", ${DPOP}`],
      // A proof and no token.
      [{ dpop }, 401, `${BEARER}, ${DPOP}`],
      [{ authorization: 'Basic eDp5', dpop }, 401, `${BEARER}, ${DPOP}`],
    ];
    for (const [headers, status, challenge] of cases) {
      const response = await ask(test, '/orders', headers);
      // Of two Authorization headers `fetch` makes one with a comma, which says the same.
      expect([response.status, challengesOf(response)], JSON.stringify(headers).slice(0, 60)).toEqual([
        status,
        challenge,
      ]);
    }
    // None of it has used the proof up.
    expect((await ask(test, '/orders', { authorization: `DPoP ${token}`, dpop })).status).toBe(200);
  });

  it('says nothing of proofs for a token that is wrong', async () => {
    const test = await start(platform);
    for (const wrong of ['expired', 'wrong key', 'wrong audience'] as const) {
      const token = issuer.token({ dpop: true, wrong });
      const dpop = issuer.dpop('GET', `${PUBLIC_URL}/orders`, token, { wrong: 'wrong method' });
      const response = await ask(test, '/orders', { authorization: `DPoP ${token}`, dpop });
      expect(challengesOf(response)).toMatch(
        /^Bearer realm="api", DPoP realm="api", error="invalid_token", /,
      );
    }
  });

  it('is for one method and one URL', async () => {
    const test = await start(platform);
    const token = issuer.token({ dpop: true });
    const proofFor = (method: string, url: string): object => ({
      authorization: `DPoP ${token}`,
      dpop: issuer.dpop(method, url, token),
    });
    const cases: [path: string, method: string, proofMethod: string, proofUrl: string, status: number][] = [
      ['/orders', 'POST', 'POST', `${PUBLIC_URL}/orders`, 200],
      ['/orders', 'POST', 'GET', `${PUBLIC_URL}/orders`, 401],
      ['/orders/head', 'HEAD', 'HEAD', `${PUBLIC_URL}/orders/head`, 200],
      // Frameworks answer HEAD by the handler of GET.
      ['/orders', 'HEAD', 'GET', `${PUBLIC_URL}/orders`, 401],
      ['/orders', 'GET', 'GET', `${PUBLIC_URL}/orders/`, 401],
      ['/orders', 'GET', 'GET', 'https://api.example.com/orders', 401],
      ['/orders', 'GET', 'GET', `${test.url}/orders`, 401],
      ['/orders', 'GET', 'GET', 'HTTPS://API.example.com:443/v1/%6Frders?x#y', 200],
      ['/orders?page=1', 'GET', 'GET', `${PUBLIC_URL}/orders?page=2`, 200],
      ['/orders', 'GET', 'GET', 'https://ada@api.example.com/v1/orders', 401],
      ['/orders', 'GET', 'GET', 'https://api.example.com./v1/orders', 401],
    ];
    for (const [path, method, proofMethod, proofUrl, status] of cases) {
      const response = await ask(
        test,
        path,
        proofFor(proofMethod, proofUrl) as Record<string, string>,
        method,
      );
      expect(response.status, `${method} ${path} with ${proofMethod} ${proofUrl}`).toBe(status);
    }
  });

  it('believes no header about its own URL', async () => {
    const test = await start(platform);
    const token = issuer.token({ dpop: true });
    for (const base of ['https://evil.example', 'http://evil.example', 'https://evil.example/v1']) {
      const dpop = issuer.dpop('GET', `${base}/orders`, token);
      const response = await ask(test, '/orders', {
        authorization: `DPoP ${token}`,
        dpop,
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        'x-forwarded-prefix': '/v1',
        forwarded: 'host=evil.example;proto=https',
        'x-original-url': '/orders',
      });
      expect(response.status).toBe(401);
    }
  });

  it('checks a proof once for several guards, and requirements behind it', async () => {
    const test = await start(platform);
    expect((await ask(test, '/orders/twice', bound('/orders/twice'))).status).toBe(200);
    const denied = await ask(test, '/orders/admin', bound('/orders/admin'));
    expect([denied.status, challengesOf(denied)]).toEqual([
      403,
      `${BEARER}, DPoP realm="api", error="insufficient_scope", scope="admin", algs="ES256 EdDSA Ed25519"`,
    ]);
  });

  it('@RequireSenderConstrained refuses bearer tokens', async () => {
    const test = await start(platform);
    expect((await ask(test, '/orders/bound', bound('/orders/bound'))).status).toBe(200);
    const bearer = await ask(test, '/orders/bound', { authorization: issuer.bearer() });
    expect([bearer.status, challengesOf(bearer)]).toEqual([401, `${BEARER}, ${INVALID_TOKEN}, ${DPOP}`]);
  });

  it("senderConstrained: 'require' refuses bearer tokens everywhere, and names one scheme", async () => {
    const test = await start(platform, { senderConstrained: 'require' });
    expect((await ask(test, '/orders', bound('/orders'))).status).toBe(200);
    const bearer = await ask(test, '/orders', { authorization: issuer.bearer() });
    expect([bearer.status, challengesOf(bearer)]).toEqual([
      401,
      `DPoP realm="api", ${INVALID_TOKEN}, algs="ES256 EdDSA Ed25519"`,
    ]);
    expect(challengesOf(await ask(test, '/orders', {}))).toBe(DPOP);
  });

  it("senderConstrained: 'reject' knows neither the scheme nor the binding", async () => {
    const test = await start(platform, { senderConstrained: 'reject' }, PlainController);
    const refused = await ask(test, '/plain', bound('/plain'));
    expect([refused.status, challengesOf(refused)]).toEqual([401, BEARER]);
    const token = issuer.token({ dpop: true });
    const bearer = await ask(test, '/plain', { authorization: `Bearer ${token}` });
    expect([bearer.status, challengesOf(bearer)]).toEqual([401, `${BEARER}, ${INVALID_TOKEN}`]);
  });

  it("does not start with 'reject' if a route demands what it refuses", async () => {
    await expect(start(platform, { senderConstrained: 'reject' })).rejects.toThrow(
      /^@RequireSenderConstrained stands on OrdersController\.bound, but "senderConstrained" is 'reject'/,
    );
  });

  it('is optional where the route is, and not looked at where it is public', async () => {
    const test = await start(platform);
    const optional = await ask(test, '/orders/optional', bound('/orders/optional'));
    expect(await optional.json()).toEqual({ proof: { kind: 'dpop', jkt: expect.any(String) } });
    expect(await (await ask(test, '/orders/optional', {})).json()).toEqual({ proof: null });
    const wrong = bound('/orders');
    expect((await ask(test, '/orders/optional', wrong)).status).toBe(401);
    expect(await (await ask(test, '/orders/public', wrong)).json()).toEqual({ proof: null });
    expect((await ask(test, '/orders', wrong)).status).toBe(200);
  });

  it('opens an event stream', async () => {
    const test = await start(platform);
    const response = await ask(test, '/orders/events', bound('/orders/events'));
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('data: event')]);
    expect(
      (await ask(test, '/orders/events', { authorization: bound('/orders').authorization })).status,
    ).toBe(401);
  });

  it('counts bearer tokens and bound ones by client, those that are let in', async () => {
    for (const store of [undefined, memoryStore()]) {
      const test = await start(platform, { store, clientNames: { 'test-client': 'web shop' } });
      for (let times = 0; times < 2; times++) {
        expect((await ask(test, '/orders', bound('/orders'))).status).toBe(200);
      }
      await ask(test, '/orders', { authorization: issuer.bearer() });
      await ask(test, '/orders', {
        authorization: issuer.bearer({ claims: { client_id: 'of-a-stranger' } }),
      });
      await ask(test, '/orders', bound('/elsewhere'));
      await ask(test, '/orders', { authorization: issuer.bearer({ wrong: 'expired' }) });
      expect(test.app.get(IdentityStats).snapshot().issuers[0]?.senders).toEqual([
        { sender: 'bearer', client: 'web shop', count: 1 },
        { sender: 'bearer', client: 'other', count: 1 },
        { sender: 'dpop', client: 'web shop', count: 2 },
      ]);
    }
  });

  it('counts the token cache out: a proof is checked on every use', async () => {
    const test = await start(platform, { tokenCache: {} });
    const token = issuer.token({ dpop: true });
    const withProof = (wrong?: 'wrong method'): Record<string, string> => ({
      authorization: `DPoP ${token}`,
      dpop: issuer.dpop('GET', `${PUBLIC_URL}/orders`, token, { wrong }),
    });
    expect((await ask(test, '/orders', withProof())).status).toBe(200);
    expect((await ask(test, '/orders', withProof())).status).toBe(200);
    expect((await ask(test, '/orders', withProof('wrong method'))).status).toBe(401);
    expect((await ask(test, '/orders', { authorization: `Bearer ${token}` })).status).toBe(401);
    expect((await ask(test, '/orders', { authorization: `DPoP ${token}` })).status).toBe(401);
  });

  it('refuses at one replica what was used at another, if they share a store', async () => {
    const store = memoryStore();
    const [one, other] = [await start(platform, { store, tokenCache: {} }), await start(platform, { store })];
    const headers = bound('/orders');
    expect((await ask(one, '/orders', headers)).status).toBe(200);
    expect((await ask(other, '/orders', headers)).status).toBe(401);
    expect((await ask(other, '/orders/twice', bound('/orders/twice'))).status).toBe(200);
    const shared = memoryStore();
    const [alone, apart] = [await start(platform), await start(platform, { store: shared })];
    const again = bound('/orders');
    expect((await ask(alone, '/orders', again)).status).toBe(200);
    expect((await ask(apart, '/orders', again)).status).toBe(200);
  });

  it.each([
    ['local', 200],
    ['refuse', 503],
  ] as const)(
    "answers as onStoreFailure: '%s' says while the store is down",
    async (onStoreFailure, status) => {
      const store = { putIfAbsent: (): Promise<boolean> => Promise.reject(new Error('down')) };
      const test = await start(platform, { store, dpop: { onStoreFailure } });
      const response = await ask(test, '/orders', bound('/orders'));
      expect(response.status).toBe(status);
      expect(response.headers.has('retry-after')).toBe(status === 503);
      expect(challengesOf(response)).toBe('');
      expect((await ask(test, '/orders', { authorization: issuer.bearer() })).status).toBe(200);
    },
  );

  describe('with nonces', () => {
    const options = { dpop: { nonce: { secrets: [NONCE_SECRET], lifetimeMs: 60_000 } } };

    it('asks for one, accepts it, and gives out the next one before it ends', async () => {
      const clock = new FakeClock(1_700_000_010_000);
      const issuerOfThen = TestIssuer.inMemory({ clock });
      const moduleOptions = issuerOfThen.moduleOptions({
        ...options,
        publicUrl: PUBLIC_URL,
        senderConstrained: 'accept',
      });
      const test = await createApp(
        platform,
        { imports: [IdentityModule.forRoot(moduleOptions)], controllers: [OrdersController] },
        undefined,
        clock,
      );
      open.push(() => test.app.close());
      const token = issuerOfThen.token({ dpop: true });
      const withNonce = (nonce?: string, method = 'GET'): Record<string, string> => ({
        authorization: `DPoP ${token}`,
        dpop: issuerOfThen.dpop(method, `${PUBLIC_URL}/orders`, token, { nonce }),
      });
      const asked = await ask(test, '/orders', withNonce());
      const nonce = asked.headers.get('dpop-nonce') ?? '';
      expect([asked.status, challengesOf(asked), asked.headers.get('cache-control')]).toEqual([
        401,
        ofProof('use_dpop_nonce', 'The DPoP proof needs the nonce of this server'),
        'no-store',
      ]);
      expect(nonce).toMatch(/^[\w.-]{20,60}$/);
      const accepted = await ask(test, '/orders', withNonce(nonce));
      expect([accepted.status, accepted.headers.get('dpop-nonce')]).toEqual([200, null]);
      await clock.advance(30_000);
      const later = await ask(test, '/orders', withNonce(nonce));
      const next = later.headers.get('dpop-nonce') ?? '';
      expect(later.status).toBe(200);
      expect(next).not.toBe(nonce);
      expect(later.headers.get('cache-control')).toBe('no-store');
      await clock.advance(30_000);
      expect((await ask(test, '/orders', withNonce(nonce))).status).toBe(401);
      expect((await ask(test, '/orders', withNonce(next))).status).toBe(200);
    });

    it('gives none to bearer tokens', async () => {
      const test = await start(platform, options);
      for (const authorization of [issuer.bearer(), issuer.bearer({ wrong: 'expired' })]) {
        const response = await ask(test, '/orders', { authorization });
        expect(response.headers.get('dpop-nonce')).toBeNull();
      }
    });
  });
});
