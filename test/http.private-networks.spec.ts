import type { LookupFunction } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JwksService, type HttpOptions, type IssuerOptions } from 'nestjs-identity-model';
import { systemClock } from '../lib/cache/clock.js';
import { HttpClient } from '../lib/http/http-client.js';
import { defaultHttp } from '../lib/options/resolve-http.js';
import { createModule } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { KEY, keysOf, Opened, pem, startProxy, startTls } from './support/tls-provider.js';

const CA = pem('ca');
const opened = new Opened();
afterEach(async () => {
  vi.unstubAllEnvs();
  await opened.close();
});

/** Asks for the keys of a tenant that is named at run time. */
async function keysOfTenant(tenant: IssuerOptions, http: HttpOptions = {}): Promise<string> {
  const module = await createModule({
    audience: 'x',
    issuers: async () => tenant,
    allowedIssuers: () => true,
    http: { retries: 0, timeoutMs: 2_000, ...http },
  });
  try {
    await module.get(JwksService).get(tenant.issuer);
    return 'ok';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await module.close();
  }
}

describe('tenants that are named at run time', () => {
  it.each([
    'https://localhost:PORT',
    'https://127.0.0.1:PORT',
    'https://2130706433:PORT',
    'https://0x7f.1:PORT',
    'https://[::ffff:127.0.0.1]:PORT',
    'https://a.localhost:PORT',
  ])('cannot lead to this machine: %s', async (name) => {
    const provider = await startTls(opened, 'good');
    const issuer = name.replace('PORT', String(provider.port));
    const connections = vi.fn();
    provider.server.on('connection', connections);
    for (const tenant of [
      { issuer },
      { issuer: 'urn:t', jwksUri: `${issuer}/jwks` },
      { issuer: 'urn:t', discoveryUrl: issuer },
    ]) {
      expect(await keysOfTenant(tenant, { tls: { ca: CA } })).toMatch(
        /is not on the public Internet:.*http\.allowPrivateNetworks/,
      );
    }
    expect(connections).not.toHaveBeenCalled();
  });

  it.each([
    '10.0.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '[fd00::1]',
    '[fe80::1]',
    '[::ffff:a00:1]',
    '224.0.0.1',
  ])('cannot lead to %s, by their metadata either', async (host) => {
    const provider = await startTls(opened, 'good');
    provider.jwksUri = `https://${host}/jwks`;
    const own = { allowPrivateNetworks: false };
    expect(await keysOf(provider.issuer, { tls: { ca: CA }, ...own })).toContain(
      'is not on the public Internet',
    );
    expect(await keysOfTenant({ issuer: `https://${host}` })).toContain('is not on the public Internet');
  });

  it('may, if the options say so, for all or for one', async () => {
    const { issuer } = await startTls(opened, 'good');
    const tls = { ca: CA };
    expect(await keysOfTenant({ issuer }, { tls, allowPrivateNetworks: true })).toBe('ok');
    expect(await keysOfTenant({ issuer, http: { allowPrivateNetworks: true } }, { tls })).toBe('ok');
  });

  it('cannot lead to addresses of this network through a proxy, which resolves names itself', async () => {
    const proxy = await startProxy(opened);
    const provider = await startTls(opened, 'wrong-host', {}, 'other.example');
    const http = { proxy: proxy.url, tls: { ca: CA } };
    expect(await keysOfTenant({ issuer: provider.issuer }, http)).toBe('ok');
    const asked = proxy.asked.length;
    for (const host of ['127.0.0.1', 'localhost', '10.0.0.1']) {
      expect(await keysOfTenant({ issuer: `https://${host}:${String(provider.port)}` }, http)).toContain(
        'is not on the public Internet',
      );
    }
    expect(proxy.asked).toHaveLength(asked);
  });

  it('are judged on each redirect', async () => {
    const provider = await startTls(opened, 'wrong-host', {}, 'other.example');
    provider.answers.set('/jwks', (_request, response) => {
      response.writeHead(302, { location: 'https://127.0.0.1/jwks' }).end();
    });
    const proxy = await startProxy(opened);
    const http = { proxy: proxy.url, tls: { ca: CA }, followRedirects: true };
    expect(await keysOfTenant({ issuer: provider.issuer }, http)).toContain(
      'another origin is never followed',
    );
    expect(proxy.asked.some((host) => host.startsWith('127.'))).toBe(false);
  });
});

describe('names', () => {
  /** Asks through a client whose names resolve as a test says, one answer after the other. */
  async function ask(
    provider: ProviderDouble,
    allowPrivateNetworks: boolean,
    answers: readonly string[][],
  ): Promise<{ outcome: unknown; asked: string[] }> {
    const origin = provider.issuer.replace('127.0.0.1', 'tenant.test');
    const asked: string[] = [];
    const lookup: LookupFunction = (hostname, options, callback) => {
      const addresses = answers[Math.min(asked.push(hostname), answers.length) - 1] ?? [];
      if (options.all === true)
        callback(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        );
      else callback(null, addresses[0] ?? '', 4);
    };
    const settings = {
      ...defaultHttp({ timeoutMs: 1_000, authorities: [], proxies: undefined }, allowPrivateNetworks),
      allowInsecureOrigins: [origin],
    };
    const client = new HttpClient(settings, systemClock, undefined, lookup);
    const outcome: unknown = await client
      .getJson(`${origin}/jwks`, {
        endpoint: 'jwks',
        deadlineAtMs: performance.now() + 2_000,
        retry: true,
        signal: new AbortController().signal,
        noSharing: false,
      })
      .then(
        () => 'ok',
        (error: unknown) => error,
      );
    await client.close();
    return { outcome, asked };
  }

  const start = async (): Promise<ProviderDouble> => {
    const provider = await ProviderDouble.start({ keys: [KEY] });
    opened.add(() => provider.stop());
    return provider;
  };

  it('that resolve to this network are refused at the connection, without another attempt', async () => {
    const provider = await start();
    for (const answer of [['127.0.0.1'], ['1.1.1.1', '127.0.0.1']]) {
      const { outcome, asked } = await ask(provider, false, [answer]);
      expect(outcome).toMatchObject({
        code: 'url_not_allowed',
        message: expect.stringMatching(/tenant\.test resolves to 127\.0\.0\.1/) as string,
      });
      expect(asked).toEqual(['tenant.test']);
    }
    expect(provider.requests).toEqual([]);
  });

  it('that resolve to another address the next time gain nothing: the one that is judged is connected to', async () => {
    const provider = await start();
    const { outcome, asked } = await ask(provider, false, [['192.0.2.1'], ['127.0.0.1']]);
    expect(outcome).toMatchObject({ code: 'url_not_allowed' });
    expect(asked).toHaveLength(1);
    expect(provider.requests).toEqual([]);
  });

  it('are connected to by the same way where private networks are open', async () => {
    const provider = await start();
    expect(await ask(provider, true, [['127.0.0.1']])).toEqual({ outcome: 'ok', asked: ['tenant.test'] });
  });
});
