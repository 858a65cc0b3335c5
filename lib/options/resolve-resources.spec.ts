import { describe, expect, it } from 'vitest';
import { IdentityError } from '../errors/identity-error.js';
import { resolveOptions } from './resolve-options.js';
import type { ResolvedResource } from './resource-options.js';

const ISSUER = 'https://id.example.com';
const API = 'https://api.example.com';

const resolve = (options: object): ReturnType<typeof resolveOptions> =>
  resolveOptions({ issuer: ISSUER, ...options }, {});
const only = (resource: unknown, more: object = {}): ResolvedResource =>
  resolve({ resource, ...more }).resources[0] as ResolvedResource;

function issuesOf(options: object): readonly string[] {
  try {
    resolve(options);
    return [];
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace('  - ', ''));
  }
}

describe('the address of the metadata (RFC 9728 section 3.1)', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com/.well-known/oauth-protected-resource'],
    ['https://api.example.com/', 'https://api.example.com/.well-known/oauth-protected-resource'],
    ['https://api.example.com/mcp', 'https://api.example.com/.well-known/oauth-protected-resource/mcp'],
    ['https://api.example.com/mcp/', 'https://api.example.com/.well-known/oauth-protected-resource/mcp/'],
    [
      'https://api.example.com/a/b?k=1',
      'https://api.example.com/.well-known/oauth-protected-resource/a/b?k=1',
    ],
    ['https://api.example.com:8443/a', 'https://api.example.com:8443/.well-known/oauth-protected-resource/a'],
    ['http://localhost:3000/mcp', 'http://localhost:3000/.well-known/oauth-protected-resource/mcp'],
  ])('of %s is %s', (url, metadataUrl) => {
    expect(only({ url })).toMatchObject({ url, metadataUrl });
  });
});

describe('a resource', () => {
  it('has defaults for everything but its url', () => {
    expect(only({ url: `${API}/mcp` })).toEqual({
      url: `${API}/mcp`,
      path: '/mcp',
      name: undefined,
      scopes: [],
      documentation: undefined,
      authorizationServers: [ISSUER],
      audience: [`${API}/mcp`],
      metadataUrl: `${API}/.well-known/oauth-protected-resource/mcp`,
      serveMetadata: true,
    });
  });

  it('given as a path stands below publicUrl', () => {
    const at = (publicUrl: string, url: string): unknown => {
      const { url: full, path } = only({ url }, { publicUrl });
      return [full, path];
    };
    expect(at(API, '/mcp')).toEqual([`${API}/mcp`, '/mcp']);
    expect(at(`${API}/`, '/mcp')).toEqual([`${API}/mcp`, '/mcp']);
    expect(at(`${API}/v1`, '/mcp')).toEqual([`${API}/v1/mcp`, '/mcp']);
    expect(at(`${API}/v1/`, '/')).toEqual([`${API}/v1`, '/']);
  });

  it('is the audience of tokens, unless something else is named', () => {
    const audiences = (options: object): unknown => {
      const { issuers, resources } = resolve(options);
      return [issuers[0]?.audience, resources.map(({ audience }) => audience)];
    };
    expect(audiences({ resource: { url: API } })).toEqual([[API], [[API]]]);
    expect(audiences({ resource: { url: API }, audience: 'orders' })).toEqual([['orders'], [['orders']]]);
    expect(audiences({ resource: { url: API }, audience: null })).toEqual([null, [null]]);
    expect(audiences({ resource: { url: API, audience: 'api://1' } })).toEqual([['api://1'], [['api://1']]]);
    const resources = [{ url: API }, { url: `${API}/mcp`, audience: ['m', 'n'] }];
    expect(audiences({ resources })).toEqual([
      [API, 'm', 'n'],
      [[API], ['m', 'n']],
    ]);
  });

  it('names the issuers that are configured, or those that it says', () => {
    expect(only({ url: API, authorizationServers: ['https://x.test'] }).authorizationServers).toEqual([
      'https://x.test',
    ]);
    const several = resolveOptions(
      { issuers: [{ issuer: ISSUER }, { issuer: 'https://b.test' }], resource: { url: API } },
      {},
    );
    expect(several.resources[0]?.authorizationServers).toEqual([ISSUER, 'https://b.test']);
  });
});

it('what is wrong with a resource is not the lack of an audience', () => {
  for (const options of [
    { resource: { url: 'http://api.example.com' } },
    { resource: {} },
    { resources: [] },
  ]) {
    expect(issuesOf(options)).toEqual([expect.stringMatching(/^resource/)]);
  }
});

describe('the start is refused', () => {
  it.each<[string, object, RegExp]>([
    [
      'resource and resources at once',
      { resource: { url: API }, resources: [{ url: API }], audience: 'x' },
      /^resources: contradicts "resource"/,
    ],
    ['an empty list', { resources: [], audience: 'x' }, /^resources: expected a non-empty list/],
    ['no list', { resources: { url: API }, audience: 'x' }, /^resources: expected a non-empty list/],
    ['a string', { resource: API, audience: 'x' }, /^resource: expected an object/],
    ['no url', { resource: {}, audience: 'x' }, /^resource\.url: is missing/],
    [
      'a number as url',
      { resource: { url: 1 }, audience: 'x' },
      /^resource\.url: expected a non-empty string/,
    ],
    [
      'plain http',
      { resource: { url: 'http://api.example.com' }, audience: 'x' },
      /^resource\.url: expected an https URL/,
    ],
    [
      'a fragment',
      { resource: { url: `${API}/#a` }, audience: 'x' },
      /^resource\.url: expected an https URL/,
    ],
    [
      'an empty fragment',
      { resource: { url: `${API}/#` }, audience: 'x' },
      /^resource\.url: expected an https URL/,
    ],
    [
      'a user',
      { resource: { url: 'https://a@api.example.com' }, audience: 'x' },
      /^resource\.url: expected an https URL/,
    ],
    [
      'a line break',
      { resource: { url: `${API}/\nx` }, audience: 'x' },
      /^resource\.url: expected an https URL/,
    ],
    [
      'a host in capitals',
      { resource: { url: 'https://API.example.com/' }, audience: 'x' },
      /^resource\.url: expected "https:\/\/api\.example\.com\/"/,
    ],
    ['a default port', { resource: { url: `${API}:443/` }, audience: 'x' }, /^resource\.url: expected/],
    [
      'dots',
      { resource: { url: `${API}/a/../b` }, audience: 'x' },
      /^resource\.url: expected "https:\/\/api\.example\.com\/b"/,
    ],
    [
      'a path without publicUrl',
      { resource: { url: '/mcp' }, audience: 'x' },
      /^resource\.url: is a path, which needs "publicUrl"/,
    ],
    [
      'two slashes',
      { resource: { url: '//evil.test/mcp' }, publicUrl: API, audience: 'x' },
      /^resource\.url: expected an https URL/,
    ],
    [
      'another host than publicUrl',
      { resource: { url: 'https://b.test' }, publicUrl: API, audience: 'x' },
      /^resource\.url: contradicts "publicUrl"/,
    ],
    [
      'publicUrl over http',
      { resource: { url: API }, publicUrl: 'http://api.example.com' },
      /^publicUrl: expected an https URL/,
    ],
    [
      'publicUrl with a query',
      { resource: { url: API }, publicUrl: `${API}/?a`, audience: 'x' },
      /^publicUrl: expected a URL without query/,
    ],
    [
      'publicUrl that ends with two slashes',
      { resource: { url: API }, publicUrl: `${API}//`, audience: 'x' },
      /^publicUrl: expected a path without "\/\/", got/,
    ],
    [
      'publicUrl with two slashes in its path',
      { resource: { url: API }, publicUrl: `${API}/v1//orders`, audience: 'x' },
      /^publicUrl: expected a path without "\/\/", got/,
    ],
    [
      'a misspelt member',
      { resource: { url: API, scope: ['a'] } },
      /^resource\.scope: unknown option; did you mean "scopes"/,
    ],
    [
      'offline_access',
      { resource: { url: API, scopes: ['a', 'offline_access'] } },
      /^resource\.scopes: 'offline_access'/,
    ],
    [
      'a scope with a space',
      { resource: { url: API, scopes: ['a b'] } },
      /^resource\.scopes: expected scopes/,
    ],
    [
      'documentation over http',
      { resource: { url: API, documentation: 'http://x.test' } },
      /^resource\.documentation: expected an https URL/,
    ],
    ['one resource twice', { resources: [{ url: API }, { url: API }] }, /^resources: .* at one path/],
    [
      'two that differ by the host',
      { resources: [{ url: `${API}/a` }, { url: 'https://b.example.com/a' }] },
      /^resources: .* at one path/,
    ],
    [
      'two that differ by a slash',
      { resources: [{ url: API }, { url: `${API}/` }] },
      /^resources: .* at one path/,
    ],
    [
      'two that differ by a query',
      { resources: [{ url: `${API}/a?x` }, { url: `${API}/a?y` }] },
      /^resources: .* at one path/,
    ],
    [
      'an audience that is none of the resource',
      { audience: 'x', resources: [{ url: API }, { url: `${API}/b`, audience: 'x' }] },
      /^audience: accepts no token for the resource 'https:\/\/api\.example\.com'/,
    ],
    [
      'the former option',
      { audience: 'x', resourceMetadataUrl: `${API}/x` },
      /^resourceMetadataUrl: is replaced by "resource"/,
    ],
  ])('for %s', (_what, options, message) => {
    expect(issuesOf(options)).toEqual([expect.stringMatching(message)]);
  });
});
