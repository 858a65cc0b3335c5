import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import {
  IdentityAuthGuard,
  IdentityEvents,
  IdentityModule,
  Proof,
  RequireScopes,
  type IdentityModuleOptions,
  type SenderProof,
} from 'nestjs-identity-model';
import { TestIssuer, WRONG_TOKENS, type MintOptions } from 'nestjs-identity-model/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createApp, PLATFORMS, type Platform } from './support/create-app.js';

const PUBLIC_URL = 'https://api.example.com';

@UseGuards(IdentityAuthGuard)
@Controller('accounts')
class AccountsController {
  @Get() list(@Proof() proof: SenderProof): object {
    return { kind: proof.kind };
  }
  @RequireScopes('payments') @Get('payments') payments(): object {
    return {};
  }
}

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface Api {
  readonly issuer: TestIssuer;
  readonly codes: string[];
  /** A request with a token that is bound to a key, and a good proof. */
  readonly ask: (options?: MintOptions, path?: string) => Promise<Response>;
  readonly send: (path: string, headers: Readonly<Record<string, string>>) => Promise<Response>;
}

async function start(platform: Platform, own: IdentityModuleOptions = {}, algorithm = 'ES256'): Promise<Api> {
  const issuer = TestIssuer.inMemory({ algorithm });
  const mtls = { certificate: 'nginx', trustedProxies: ['127.0.0.1'] } as const;
  const options = { profile: 'fapi2', publicUrl: PUBLIC_URL, mtls, ...own } as const;
  const { app, url } = await createApp(platform, {
    imports: [IdentityModule.forRoot(issuer.moduleOptions(options))],
    controllers: [AccountsController],
  });
  open.push(() => app.close());
  const codes: string[] = [];
  app.get(IdentityEvents).events$.subscribe((event) => {
    if ('code' in event) codes.push(event.code);
  });
  const send: Api['send'] = async (path, headers) => fetch(url + path, { headers });
  const ask: Api['ask'] = async (mint = {}, path = '/accounts') => {
    const token = issuer.token({ dpop: true, ...mint });
    return send(path, issuer.dpopHeaders('GET', PUBLIC_URL + path, token));
  };
  return { issuer, codes, ask, send };
}

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

describe.each(PLATFORMS)("profile: 'fapi2' on %s (FAPI 2.0 Security Profile section 5.3.4)", (platform) => {
  it('1 and 5: takes tokens in the Authorization header, bound by DPoP or mTLS', async () => {
    const { issuer, ask, send, codes } = await start(platform);
    expect(await (await ask()).json()).toEqual({ kind: 'dpop' });
    const authorization = issuer.bearer({ certificate: true });
    const byCertificate = await send('/accounts', { authorization, ...issuer.certificateHeaders('nginx') });
    expect(await byCertificate.json()).toEqual({ kind: 'mtls' });
    expect((await send('/accounts', { authorization: issuer.bearer() })).status).toBe(401);
    expect((await send('/accounts', { authorization })).status).toBe(401);
    expect(codes).toEqual(['sender_unconstrained', 'certificate_missing']);
  });

  it('2: takes no token in the URL', async () => {
    const { issuer, send } = await start(platform);
    const token = issuer.token({ certificate: true });
    const answer = await send(`/accounts?access_token=${token}`, issuer.certificateHeaders('nginx'));
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="api", DPoP realm="api", algs="ES256 EdDSA Ed25519"',
    ]);
  });

  it('3: takes no token that is wrong in any way', async () => {
    const { ask } = await start(platform);
    const statuses = await Promise.all(WRONG_TOKENS.map(async (wrong) => (await ask({ wrong })).status));
    expect(Object.fromEntries(WRONG_TOKENS.map((wrong, at) => [wrong, statuses[at]]))).toEqual(
      Object.fromEntries(WRONG_TOKENS.map((wrong) => [wrong, 401])),
    );
  });

  it('4: a token that is not enough is insufficient_scope (RFC 6750 section 3.1)', async () => {
    const { ask } = await start(platform);
    const answer = await ask({ scope: 'accounts' }, '/accounts/payments');
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect((await ask({ scope: 'payments' }, '/accounts/payments')).status).toBe(200);
  });

  it.each(['PS256', 'ES256', 'EdDSA'])('5.4.1: takes %s', async (algorithm) => {
    const { ask } = await start(platform, {}, algorithm);
    expect((await ask()).status).toBe(200);
  });

  it.each(['RS256', 'PS384', 'ES384'])('5.4.1: does not take %s', async (algorithm) => {
    const { ask, codes } = await start(platform, {}, algorithm);
    expect((await ask()).status).toBe(401);
    expect(codes).toEqual(['algorithm_not_allowed']);
  });

  it.each([
    ['iat', 'issued_in_future'],
    ['nbf', 'token_not_yet_valid'],
  ])('5.3.2.1: takes %s 10 seconds in the future, and no more than 60', async (claim, code) => {
    const { ask, codes } = await start(platform);
    expect((await ask({ claims: { [claim]: inSeconds(10) } })).status).toBe(200);
    expect((await ask({ claims: { [claim]: inSeconds(62) } })).status).toBe(401);
    expect(codes).toEqual([code]);
    const widest = await start(platform, { clockToleranceMs: 60_000 });
    expect((await widest.ask({ claims: { [claim]: inSeconds(59) } })).status).toBe(200);
    expect((await widest.ask({ claims: { [claim]: inSeconds(62) } })).status).toBe(401);
  });

  it('says in one line at start what it has decided', async () => {
    const log = vi.spyOn(Logger.prototype, 'log').mockReturnValue();
    await start(platform);
    const lines = log.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('fapi2'));
    expect(lines).toEqual([expect.stringContaining("senderConstrained 'require' with DPoP")]);
  });

  it('does not start with an option that contradicts it', async () => {
    await expect(start(platform, { senderConstrained: 'accept' })).rejects.toThrow(
      "senderConstrained: contradicts \"profile\": 'fapi2', where it is 'require'; leave one of them out",
    );
  });
});
