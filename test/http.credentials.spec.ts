import { afterEach, describe, expect, it } from 'vitest';
import { JwksService, TokenValidationService } from 'nestjs-identity-model';
import { createModule, rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { KEY, keysOf, Opened, pem, startTls } from './support/tls-provider.js';

const CA = pem('ca');
const opened = new Opened();
afterEach(() => opened.close());

const start = async (): Promise<ProviderDouble> => {
  const provider = await ProviderDouble.start({ keys: [KEY] });
  opened.add(() => provider.stop());
  return provider;
};

/**
 * A place that no other provider of a test has: ports are used again, and a module of another test that is still after its
 * own provider would ask here.
 */
const KEYS_PATH = '/keys-of-the-credentials-spec';

/** What came with the requests for a path. */
function collect(provider: ProviderDouble, path: string, body: () => object): (string | undefined)[] {
  const seen: (string | undefined)[] = [];
  provider.answers.set(path, (request, response) => {
    seen.push(request.headers['x-key'] as string | undefined);
    response.end(JSON.stringify(body()));
  });
  return seen;
}

const keys = (): object => ({ keys: [KEY.jwk] });

describe('http.headers', () => {
  const headers = { 'x-key': 'secret' };

  it('go to the issuer, and not to another host that its metadata names, unless the options do', async () => {
    const provider = await start();
    const elsewhere = await start();
    const metadata = collect(provider, provider.metadataPath, () => ({
      issuer: provider.issuer,
      jwks_uri: `${elsewhere.issuer}${KEYS_PATH}`,
    }));
    const atKeys = collect(elsewhere, KEYS_PATH, keys);
    expect(await keysOf(provider.issuer, { headers })).toBe('ok');
    expect(await keysOf(provider.issuer, { headers, credentialOrigins: [elsewhere.issuer] })).toBe('ok');
    const jwksUri = `${elsewhere.issuer}${KEYS_PATH}`;
    expect(await keysOf(provider.issuer, { headers }, { jwksUri })).toBe('ok');
    expect(metadata).toEqual(['secret', 'secret']);
    expect(atKeys).toEqual([undefined, 'secret', 'secret']);
  });

  it('go to the origin of discoveryUrl', async () => {
    const provider = await start();
    const seen = collect(provider, '/meta', () => ({
      issuer: 'https://id.example.com',
      jwks_uri: `${provider.issuer}${KEYS_PATH}`,
    }));
    const atKeys = collect(provider, KEYS_PATH, keys);
    const discoveryUrl = `${provider.issuer}/meta`;
    expect(await keysOf('https://id.example.com', { headers }, { discoveryUrl })).toBe('ok');
    expect([...seen, ...atKeys]).toEqual(['secret', 'secret']);
  });

  it('that were not sent are named where they are missed', async () => {
    const provider = await start();
    const elsewhere = await start();
    collect(provider, provider.metadataPath, () => ({
      issuer: provider.issuer,
      jwks_uri: `${elsewhere.issuer}${KEYS_PATH}`,
    }));
    elsewhere.respond(KEYS_PATH, 401);
    expect(await keysOf(provider.issuer, { headers })).toContain(
      `status 401; "http.headers" were not sent, because ${elsewhere.issuer} is not the origin of the issuer (http.credentialOrigins)`,
    );
    expect(await keysOf(provider.issuer)).not.toContain('http.headers');
  });

  it.each([
    ['sync', (values: object) => () => values],
    ['async', (values: object) => async () => values],
  ])('may be a function, %s, which is asked for each request', async (_kind, make) => {
    const provider = await start();
    const seen = collect(provider, provider.jwksPath, keys);
    let turn = 0;
    const source = (): unknown => make({ 'X-Key': `key-${String(++turn)}` })();
    const module = await createModule({
      issuer: provider.issuer,
      audience: 'x',
      warmUp: 'off',
      http: { headers: source as () => Record<string, string> },
    });
    await module.get(JwksService).get();
    await module.get(JwksService).refresh();
    await module.close();
    expect(seen).toEqual(['key-2', 'key-3']);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('no vault');
      },
      /it threw: no vault/,
    ],
    ['rejects', () => Promise.reject(new Error('no vault')), /it threw: no vault/],
    ['never answers', () => new Promise(() => undefined), /it did not answer in time/],
    ['answers nothing', () => undefined, /it must answer an object of header names/],
    [
      'answers a line break',
      () => ({ 'x-key': 'secret\r\nb: c' }),
      /it must answer an object of header names/,
    ],
    ['answers a number', () => ({ 'x-key': 1 }), /it must answer an object of header names/],
  ])('is a function that %s: a clear 503 in bounded time, and nothing is sent', async (_how, source, why) => {
    const provider = await start();
    const module = await createModule({
      issuer: provider.issuer,
      audience: 'x',
      warmUp: 'off',
      http: { headers: source as () => Record<string, string>, timeoutMs: 200, deadlineMs: 400 },
    });
    const beganMs = performance.now();
    const error: unknown = await module
      .get(JwksService)
      .get()
      .catch((thrown: unknown) => thrown);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    expect(error).toMatchObject({ code: 'keys_unavailable', status: 503 });
    expect((error as Error).message).toMatch(
      /The application's own "http\.headers" failed, so http.* was not asked/,
    );
    expect((error as Error).message).toMatch(why);
    expect((error as Error).message).not.toContain('secret');
    expect(await rejectionOf(module.get(TokenValidationService).validate(provider.token({ aud: 'x' })))).toBe(
      'keys_unavailable',
    );
    await module.close();
    expect(provider.requests).toEqual([]);
  });
});

describe('the client certificate', () => {
  it('is shown to the issuer, and not to another host that its metadata names, unless the options do', async () => {
    const asksFor = { requestCert: true, rejectUnauthorized: false, ca: CA };
    const provider = await startTls(opened, 'good', asksFor);
    const elsewhere = await startTls(opened, 'good', asksFor);
    provider.jwksUri = `${elsewhere.issuer}/jwks`;
    const tls = { ca: CA, cert: pem('client'), key: pem('client-key') };
    for (const credentialOrigins of [[], [elsewhere.issuer]]) {
      expect(await keysOf(provider.issuer, { tls, credentialOrigins })).toBe('ok');
    }
    expect(provider.clients).toEqual(['client', 'client']);
    expect(elsewhere.clients).toEqual([undefined, 'client']);
  });
});
