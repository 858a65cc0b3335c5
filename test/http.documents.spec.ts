import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiscoveryService, JwksService } from 'nestjs-identity-model';
import { createModule } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { KEY, keysOf } from './support/tls-provider.js';

const KEYS = Buffer.from(JSON.stringify({ keys: [KEY.jwk] }));
const BOM = Buffer.from('\uFEFF');
const OAUTH = '/.well-known/oauth-authorization-server';
const PAGE = '<!doctype html><title>Our application</title>';

let provider: ProviderDouble;
beforeEach(async () => {
  provider = await ProviderDouble.start({ keys: [KEY] });
});
afterEach(() => provider.stop());

const answer = (path: string, body: Buffer | string, headers: Record<string, string> = {}): void => {
  provider.answers.set(path, (_request, response: ServerResponse) => {
    response.writeHead(200, headers).end(body);
  });
};

describe('documents that fetch().json() reads', () => {
  it.each<[string, Buffer, Record<string, string>]>([
    ['with a byte order mark', Buffer.concat([BOM, KEYS]), {}],
    ['of type application/jwk-set+json', KEYS, { 'content-type': 'application/jwk-set+json' }],
    ['of type text/json', KEYS, { 'content-type': 'text/json; charset=utf-8' }],
    ['of type application/problem+json', KEYS, { 'content-type': 'application/problem+json' }],
    ['of type text/html, although it is JSON', KEYS, { 'content-type': 'text/html' }],
    ['of no type', KEYS, {}],
    ['in gzip, with a byte order mark', gzipSync(Buffer.concat([BOM, KEYS])), { 'content-encoding': 'gzip' }],
    ['in x-gzip', gzipSync(KEYS), { 'content-encoding': 'x-gzip' }],
    ['in GZIP', gzipSync(KEYS), { 'content-encoding': 'GZIP' }],
    ['in deflate', deflateSync(KEYS), { 'content-encoding': 'deflate' }],
    ['in bare deflate', deflateRawSync(KEYS), { 'content-encoding': 'deflate' }],
    ['in br', brotliCompressSync(KEYS), { 'content-encoding': 'br' }],
    ['in gzip over br', gzipSync(brotliCompressSync(KEYS)), { 'content-encoding': 'br, gzip' }],
    ['in identity', KEYS, { 'content-encoding': 'identity' }],
    ['in what is no coding', KEYS, { 'content-encoding': 'utf-8' }],
  ])('are read: %s', async (_what, body, headers) => {
    answer(provider.jwksPath, body, headers);
    expect(await (await fetch(`${provider.issuer}${provider.jwksPath}`)).json()).toHaveProperty('keys');
    expect(await keysOf(provider.issuer)).toBe('ok');
  });

  it('are asked for without leaving out what is accepted', async () => {
    provider.answers.set(provider.jwksPath, (request, response) => {
      const types = (request.headers.accept ?? '').split(',').map((type) => type.split(';')[0]?.trim());
      if (types.includes('application/jwk-set+json') && types.includes('*/*')) response.end(KEYS);
      else response.writeHead(406).end();
    });
    expect(await keysOf(provider.issuer)).toBe('ok');
  });

  it.each<[string, Buffer | string, Record<string, string>, RegExp]>([
    ['JSON', PAGE, { 'content-type': 'text/html' }, /its body is not JSON \(Content-Type "text\/html"\)/],
    [
      'in a coding that is known',
      KEYS,
      { 'content-encoding': 'gzip' },
      /its Content-Encoding cannot be undone: incorrect header check/,
    ],
    [
      'JSON in a coding that is not known',
      gzipSync(KEYS),
      { 'content-encoding': 'pack200-gzip' },
      /is not (JSON|UTF-8)/,
    ],
    ['UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, /its body is not UTF-8/],
    [
      'within the limit, after decompression',
      gzipSync(Buffer.alloc(10_000_000, 0x20)),
      { 'content-encoding': 'gzip' },
      /its body is too long: more than 524288 bytes/,
    ],
    ['within the limit', Buffer.alloc(600_000, 0x20), {}, /its body is too long: more than 524288 bytes/],
  ])('are refused if they are not %s', async (_what, body, headers, message) => {
    answer(provider.jwksPath, body, headers);
    expect(await keysOf(provider.issuer)).toMatch(message);
  });
});

describe('the place of RFC 8414', () => {
  const metadata = (): string => JSON.stringify(provider.metadata());

  it.each([400, 401, 403, 404, 405, 406, 410, 451])('is tried after %d', async (status) => {
    provider.respond(provider.metadataPath, status);
    answer(OAUTH, metadata());
    expect(await keysOf(provider.issuer)).toBe('ok');
    expect(provider.requests).toEqual([provider.metadataPath, OAUTH, provider.jwksPath]);
  });

  it.each([
    ['by its type', 'text/html; charset=utf-8', PAGE],
    ['by its type, without a mark', 'text/html', 'Not here'],
    ['by its first character', 'text/plain', `\n ${PAGE}`],
  ])('is tried after a page for people, %s', async (_how, type, body) => {
    answer(provider.metadataPath, body, { 'content-type': type });
    answer(OAUTH, metadata());
    expect(await keysOf(provider.issuer)).toBe('ok');
  });

  it.each([408, 425, 429, 500, 502, 503, 504, 301, 302])('is not tried after %d', async (status) => {
    provider.respond(provider.metadataPath, status);
    answer(OAUTH, metadata());
    expect(await keysOf(provider.issuer)).not.toBe('ok');
    expect(provider.count(OAUTH)).toBe(0);
  });

  it('is not tried after JSON that is wrong, or cut off', async () => {
    for (const body of [JSON.stringify({ issuer: 'https://other.example' }), '{"issuer":']) {
      answer(provider.metadataPath, body, { 'content-type': 'application/json' });
      answer(OAUTH, metadata());
      expect(await keysOf(provider.issuer)).not.toBe('ok');
      expect(provider.count(OAUTH)).toBe(0);
    }
  });

  it('has its part between host and path', async () => {
    const issuer = `${provider.issuer}/realms/a`;
    answer(
      `${OAUTH}/realms/a`,
      JSON.stringify({ issuer, jwks_uri: `${provider.issuer}${provider.jwksPath}` }),
    );
    expect(await keysOf(issuer)).toBe('ok');
    expect(provider.requests[0]).toBe(`/realms/a${provider.metadataPath}`);
  });

  it('is named beside the other in the error', async () => {
    provider.respond(provider.metadataPath, 403);
    const message = await keysOf(provider.issuer);
    expect(message).toContain(`GET ${provider.issuer}${provider.metadataPath} failed: status 403`);
    expect(message).toContain(`GET ${provider.issuer}${OAUTH} failed: status 404`);
  });

  it('costs a bounded number of requests, and one from then on', async () => {
    provider.respond(provider.metadataPath, 503);
    const module = await createModule({
      issuer: provider.issuer,
      audience: 'x',
      warmUp: 'off',
      http: { retries: 2, deadlineMs: 5_000 },
    });
    const discovery = module.get(DiscoveryService);
    await discovery.get().catch(() => undefined);
    expect(provider.requests).toHaveLength(3);
    provider.requests.length = 0;
    provider.answers.set(provider.metadataPath, (_request, response) => {
      response.writeHead(provider.count(provider.metadataPath) < 3 ? 503 : 404).end();
    });
    provider.respond(OAUTH, 503);
    discovery.clear();
    await discovery.get().catch(() => undefined);
    expect(provider.requests).toHaveLength(6);
    answer(OAUTH, metadata());
    discovery.clear();
    await discovery.get();
    provider.requests.length = 0;
    await discovery.refresh();
    await module.get(JwksService).get();
    expect(provider.requests).toEqual([OAUTH, provider.jwksPath]);
    await module.close();
  });
});
