import { describe, expect, it } from 'vitest';
import { isLoopback, isReferenceAllowed, isUrlAllowed, parseUrl } from './url-policy.js';

describe('isUrlAllowed', () => {
  it.each([
    'https://id.example.com',
    'https://id.example.com:8443/tenant?x=1',
    'HTTPS://ID.EXAMPLE.COM',
    'https://10.0.0.1/',
    'http://localhost',
    'http://localhost:3000/jwks',
    'http://LOCALHOST/',
    'http://127.0.0.1:8080',
    'http://127.9.9.9',
    'http://127.1/',
    'http://[::1]:3000/',
  ])('allows %s', (url) => {
    expect(isUrlAllowed(url, [])).toBe(true);
  });

  it.each([
    'http://id.example.com',
    'http://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost.example.com/',
    'http://localhost./',
    'http://notlocalhost/',
    'http://127.0.0.1.example.com/',
    'http://example.com/127.0.0.1',
    'http://128.0.0.1/',
    'http://127.0.0.1@example.com/',
    'http://example.com#@127.0.0.1',
    'https://user@id.example.com/',
    'https://user:secret@id.example.com/',
    'https://:secret@id.example.com/',
    'http://user@localhost/',
    'file:///etc/passwd',
    'ftp://localhost/',
    'data:application/json,{}',
    'javascript:1',
    'blob:https://id.example.com/x',
    'ws://localhost/',
    '//id.example.com/',
    'id.example.com',
    'https://',
    'https:// id.example.com',
    '',
  ])('refuses %j', (url) => {
    expect(isUrlAllowed(url, [])).toBe(false);
  });

  it('allows plain http on origins by name, the port included', () => {
    const origins = ['http://idp.test:8080'];
    expect(isUrlAllowed('http://idp.test:8080/jwks', origins)).toBe(true);
    expect(isUrlAllowed('http://idp.test/jwks', origins)).toBe(false);
    expect(isUrlAllowed('http://idp.test:80800/jwks', origins)).toBe(false);
    expect(isUrlAllowed('http://idp.test:8080.example.com/jwks', origins)).toBe(false);
    expect(isUrlAllowed('http://x.idp.test:8080/jwks', origins)).toBe(false);
    expect(isUrlAllowed('http://user@idp.test:8080/jwks', origins)).toBe(false);
    expect(isUrlAllowed('ftp://idp.test:8080/jwks', ['ftp://idp.test:8080'])).toBe(false);
  });
});

describe('isReferenceAllowed', () => {
  const REMOTE = 'https://id.example.com/.well-known/openid-configuration';
  const LOCAL = 'http://127.0.0.1:3000/.well-known/openid-configuration';

  it.each([
    ['https, from a remote document', 'https://keys.example.net/jwks', REMOTE, [], true],
    ['https, from a local one', 'https://keys.example.net/jwks', LOCAL, [], true],
    ['loopback, from a local one', 'http://localhost:4000/jwks', LOCAL, [], true],
    ['loopback, from a remote one', 'http://127.0.0.1:3000/jwks', REMOTE, [], false],
    ['localhost, from a remote one', 'http://localhost/jwks', REMOTE, [], false],
    ['loopback by IPv6, from a remote one', 'http://[::1]/jwks', REMOTE, [], false],
    [
      'loopback by name, from a remote one',
      'http://localhost:4000/jwks',
      REMOTE,
      ['http://localhost:4000'],
      true,
    ],
    [
      'loopback, from an allowed origin',
      'http://localhost:4000/jwks',
      'http://idp.test/x',
      ['http://idp.test'],
      false,
    ],
    ['an allowed origin, from a remote one', 'http://idp.test/jwks', REMOTE, ['http://idp.test'], true],
    ['plain http, from a local one', 'http://id.example.com/jwks', LOCAL, [], false],
    ['a file', 'file:///etc/passwd', LOCAL, [], false],
    ['a path', '/jwks', LOCAL, [], false],
    [
      'loopback, from this machine over https',
      'http://localhost:4000/jwks',
      'https://localhost/x',
      [],
      false,
    ],
    ['loopback, from nowhere', 'http://localhost/jwks', 'nowhere', [], false],
  ])('judges %s', (_what, url, documentUrl, origins, allowed) => {
    expect(isReferenceAllowed(url, documentUrl, origins)).toBe(allowed);
  });
});

describe('isLoopback', () => {
  it.each([
    'http://localhost',
    'https://localhost.:8443/x',
    'http://api.localhost/',
    'http://api.localhost.',
    'http://127.0.0.1',
    'http://127.200.30.40:80',
    'http://[::1]',
  ])('holds for %s', (url) => {
    expect(isLoopback(new URL(url))).toBe(true);
  });

  it.each([
    'http://id.example.com',
    'http://localhost.example.com',
    'http://notlocalhost',
    'http://128.0.0.1',
    'http://127.0.0.1.example.com',
    'http://[::]',
    'http://[::ffff:127.0.0.1]',
  ])('does not hold for %s', (url) => {
    expect(isLoopback(new URL(url))).toBe(false);
  });
});

describe('parseUrl', () => {
  it('answers undefined for what is no URL', () => {
    expect(parseUrl('https://id.example.com')?.hostname).toBe('id.example.com');
    expect(parseUrl('id.example.com')).toBeUndefined();
  });
});
