import { describe, expect, it } from 'vitest';
import { tokenWith } from '../../test/support/token-with.js';
import { resolveOptions } from '../options/resolve-options.js';
import { MetadataDocuments } from './metadata-documents.js';
import { resourceMetadata } from './resource-metadata.js';
import { Resources } from './resources.js';

const API = 'https://api.example.com';
const PLAIN = resolveOptions({ issuer: 'https://id.example.com', audience: 'x' }, {});
const ANY = { claim: 'aud', accepted: null };
const resolve = (options: object): Resources =>
  new Resources(resolveOptions({ issuer: 'https://id.example.com', ...options }, {}).resources);

describe('the resource of a route', () => {
  const resources = resolve({
    resources: [
      { url: API },
      { url: `${API}/mcp` },
      { url: 'https://b.example.com/mcp', serveMetadata: false },
    ],
  });

  it('is found by its url, or by a path that one resource has', () => {
    expect(resources.of(undefined)?.url).toBe(API);
    expect(resources.of(API)?.url).toBe(API);
    expect(resources.of('/')?.url).toBe(API);
    expect(resources.of(`${API}/mcp`)?.url).toBe(`${API}/mcp`);
    // Two have it.
    expect(resources.of('/mcp')).toBeUndefined();
    expect(resources.has('/mcp')).toBe(false);
    expect(resources.has('https://b.example.com/mcp')).toBe(true);
    expect(resources.has(`${API}/`)).toBe(false);
  });

  it('is none without configuration', () => {
    const none = resolve({ audience: 'x' });
    expect(none.of(undefined)).toBeUndefined();
    expect(none.findMismatch(tokenWith({}), undefined, () => ANY)).toBeUndefined();
  });
});

describe('a token', () => {
  const resources = resolve({ resources: [{ url: API }, { url: `${API}/mcp`, audience: ['m', 'n'] }] });
  const mismatch = (aud: unknown, url: string | undefined, claim = 'aud'): string | undefined =>
    resources.findMismatch(tokenWith({ [claim]: aud }, 'https://i.example'), url, (issuer) => ({
      claim: issuer === 'https://i.example' ? claim : 'another',
      accepted: null,
    }))?.message;
  const OTHER = (url: string): string =>
    `The token is not for the resource of the route, "${url}", but for another one of this API.`;

  it.each<[aud: unknown, fits: boolean]>([
    ['m', true],
    ['n', true],
    [['x', 'n'], true],
    [API, false],
    [[API], false],
    [['M'], false],
    [[['m']], false],
    [[], false],
    [undefined, false],
    [null, false],
    [1, false],
    ['', false],
  ])('for %j is for the second resource: %s', (aud, fits) => {
    expect(mismatch(aud, '/mcp')).toBe(fits ? undefined : OTHER(`${API}/mcp`));
  });

  it('of a route that says nothing must be for the first one', () => {
    expect(mismatch(API, undefined)).toBeUndefined();
    expect(mismatch('m', undefined)).toBe(OTHER(API));
  });

  it('names its audience where its issuer says', () => {
    expect(mismatch('m', '/mcp', 'client_id')).toBeUndefined();
    expect(mismatch(API, '/mcp', 'client_id')).toBe(OTHER(`${API}/mcp`));
  });

  it('of an issuer that may name one resource only is good at that one', () => {
    const both = tokenWith({ aud: [API, 'm'] });
    const of = (accepted: readonly string[] | null, url: string | undefined): string | undefined =>
      resources.findMismatch(both, url, () => ({ claim: 'aud', accepted }))?.code;
    expect(of([API], undefined)).toBeUndefined();
    expect(of([API], '/mcp')).toBe('audience_mismatch');
    expect(of(['m'], '/mcp')).toBeUndefined();
    expect(of(['n'], '/mcp')).toBe('audience_mismatch');
    expect(of([], '/mcp')).toBe('audience_mismatch');
    expect(of(null, '/mcp')).toBeUndefined();
  });

  it('is for no resource that is not configured', () => {
    expect(mismatch('m', '/unknown')).toBe('The resource of the route is not configured.');
  });

  it('may have any audience where the resource says so', () => {
    const any = resolve({ resources: [{ url: API, audience: null }, { url: `${API}/b` }] });
    expect(any.findMismatch(tokenWith({ aud: 'x' }), undefined, () => ANY)).toBeUndefined();
    expect(any.findMismatch(tokenWith({ aud: 'x' }), '/b', () => ANY)?.code).toBe('audience_mismatch');
  });

  it('is not judged again where there is one resource', () => {
    const one = resolve({ resource: { url: API } });
    expect(one.findMismatch(tokenWith({ aud: 'x' }), undefined, () => ANY)).toBeUndefined();
  });
});

describe('the metadata', () => {
  const of = (resource: object): unknown =>
    JSON.parse(
      resourceMetadata(resolve({ resource }).all[0] as (typeof Resources.prototype.all)[number], PLAIN),
    );

  it.each<[options: object, members: object]>([
    [{ senderConstrained: 'reject', mtls: {} }, {}],
    [
      { senderConstrained: 'accept', dpop: false, mtls: {} },
      { tls_client_certificate_bound_access_tokens: true },
    ],
    [
      { senderConstrained: 'require', dpop: false, mtls: {} },
      { tls_client_certificate_bound_access_tokens: true },
    ],
    [
      { senderConstrained: 'accept', publicUrl: API, dpop: { algorithms: ['ES256'] } },
      { dpop_signing_alg_values_supported: ['ES256'] },
    ],
    [
      { senderConstrained: 'require', publicUrl: API, dpop: { algorithms: ['ES256'] } },
      { dpop_signing_alg_values_supported: ['ES256'], dpop_bound_access_tokens_required: true },
    ],
    [
      { senderConstrained: 'require', publicUrl: API, dpop: { algorithms: ['ES256'] }, mtls: {} },
      {
        tls_client_certificate_bound_access_tokens: true,
        dpop_signing_alg_values_supported: ['ES256'],
      },
    ],
  ])('says of bound tokens what %j say (RFC 9728 section 2)', (own, members) => {
    const resolved = resolveOptions({ issuer: 'https://id.example.com', resource: { url: API }, ...own }, {});
    const [resource] = resolved.resources;
    expect(JSON.parse(resourceMetadata(resource as NonNullable<typeof resource>, resolved))).toEqual({
      resource: API,
      authorization_servers: ['https://id.example.com'],
      bearer_methods_supported: ['header'],
      ...members,
    });
  });

  it('has the members that have a value', () => {
    expect(of({ url: API })).toEqual({
      resource: API,
      authorization_servers: ['https://id.example.com'],
      bearer_methods_supported: ['header'],
    });
    const all = { url: API, name: 'Orders', scopes: ['a', 'b'], documentation: 'https://docs.example.com' };
    expect(of({ ...all, authorizationServers: ['https://x.example'] })).toEqual({
      resource: API,
      authorization_servers: ['https://x.example'],
      scopes_supported: ['a', 'b'],
      bearer_methods_supported: ['header'],
      resource_name: 'Orders',
      resource_documentation: 'https://docs.example.com',
    });
  });

  it('names no authorization server where issuers are known when they come', () => {
    const options = {
      issuers: () => undefined,
      allowedIssuers: ['https://t.example'],
      resource: { url: API },
    };
    const [resource] = resolveOptions(options, {}).resources;
    expect(JSON.parse(resourceMetadata(resource as NonNullable<typeof resource>, PLAIN))).not.toHaveProperty(
      'authorization_servers',
    );
  });
});

describe('the documents', () => {
  const documents = new MetadataDocuments(
    resolve({
      resources: [
        { url: API, name: 'Öl' },
        { url: `${API}/mcp?v=1` },
        { url: `${API}/x`, serveMetadata: false },
      ],
    }).all,
    PLAIN,
  );
  const ROOT = '/.well-known/oauth-protected-resource';
  const CORS = {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
    'Access-Control-Allow-Headers': '*',
    'Access-Control-Max-Age': '86400',
  };

  it('are answered at their paths, whatever the query', () => {
    const answer = documents.answer('GET', ROOT);
    expect(answer?.status).toBe(200);
    expect(answer?.headers).toEqual({
      ...CORS,
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(answer?.body ?? '')),
      'Cache-Control': 'public, max-age=300',
      'X-Content-Type-Options': 'nosniff',
    });
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ resource: API, resource_name: 'Öl' });
    expect(documents.answer('GET', `${ROOT}?a=/b`)).toEqual(answer);
    for (const query of ['', '?v=1', '?v=2']) {
      expect(JSON.parse(documents.answer('GET', `${ROOT}/mcp${query}`)?.body ?? '')).toMatchObject({
        resource: `${API}/mcp?v=1`,
      });
    }
  });

  it('are answered for a whole URL as well, of any host (RFC 9112 section 3.2.2)', () => {
    const answer = documents.answer('GET', ROOT);
    for (const origin of ['http://api.example.com', 'HTTPS://api.example.com:443', 'http://evil.example']) {
      expect(documents.answer('GET', `${origin}${ROOT}`)).toEqual(answer);
      expect(documents.answer('GET', `${origin}${ROOT}?x`)).toEqual(answer);
      expect(documents.answer('GET', `${origin}/x${ROOT}`)).toBeUndefined();
      expect(documents.answer('GET', `${origin}?${ROOT}`)).toBeUndefined();
    }
    for (const target of [`ftp://a${ROOT}`, `http:${ROOT}`, `http:/${ROOT.slice(1)}`, `//a${ROOT}`]) {
      expect(documents.answer('GET', target)).toBeUndefined();
    }
  });

  it('are answered without a body for HEAD, and OPTIONS without one', () => {
    const got = documents.answer('GET', ROOT);
    expect(documents.answer('HEAD', ROOT)).toEqual({ ...got, body: '' });
    const allowed = { ...CORS, Allow: 'GET, HEAD, OPTIONS' };
    expect(documents.answer('OPTIONS', ROOT)).toEqual({ status: 204, headers: allowed, body: '' });
    for (const method of ['POST', 'PUT', 'DELETE', 'get', '']) {
      expect(documents.answer(method, ROOT)).toEqual({ status: 405, headers: allowed, body: '' });
    }
  });

  it('are nowhere else', () => {
    for (const target of [
      '/',
      '',
      '?',
      `${ROOT}/`,
      `${ROOT}/x`,
      `${ROOT}/MCP`,
      `x${ROOT}`,
      '__proto__',
      'toString',
    ]) {
      expect(documents.answer('GET', target)).toBeUndefined();
    }
  });

  it('may be none', () => {
    expect(documents.isEmpty).toBe(false);
    expect(new MetadataDocuments([], PLAIN).isEmpty).toBe(true);
    expect(
      new MetadataDocuments(resolve({ resource: { url: API, serveMetadata: false } }).all, PLAIN).isEmpty,
    ).toBe(true);
  });
});
