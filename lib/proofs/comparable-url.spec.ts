import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparableUrl, pathOfTarget } from './comparable-url.js';

describe('comparableUrl', () => {
  it.each([
    ['case of scheme and host', 'HTTPS://API.Example.COM/Orders', 'https://api.example.com/Orders'],
    ['the default port of https', 'https://api.example.com:443/a', 'https://api.example.com/a'],
    ['the default port of http', 'http://api.example.com:80/a', 'http://api.example.com/a'],
    ['an empty port', 'https://api.example.com:/a', 'https://api.example.com/a'],
    ['zeros before a port', 'https://api.example.com:08443/a', 'https://api.example.com:8443/a'],
    ['an empty path', 'https://api.example.com', 'https://api.example.com/'],
    ['an empty path before a query', 'https://api.example.com?a=1', 'https://api.example.com/'],
    ['the query', 'https://api.example.com/a?b=https://x/#y', 'https://api.example.com/a'],
    ['the fragment', 'https://api.example.com/a#b?c', 'https://api.example.com/a'],
    ['an encoded unreserved character', 'https://h/%7Eada/%41', 'https://h/~ada/A'],
    ['the case of an encoded octet', 'https://h/a%2fb%c3%a9', 'https://h/a%2Fb%C3%A9'],
    ['dot segments', 'https://h/a/./b/../c', 'https://h/a/c'],
    ['dot segments at the end', 'https://h/a/b/..', 'https://h/a/'],
    ['a dot at the end', 'https://h/a/.', 'https://h/a/'],
    ['dot segments above the root', 'https://h/../../a', 'https://h/a'],
    ['encoded dot segments', 'https://h/a/%2e%2E/b', 'https://h/b'],
    ['forms of an IPv6 address', 'https://[0:0:0:0:0:0:0:1]:443/a', 'https://[::1]/a'],
    ['case of an IPv6 address', 'https://[2001:DB8::A]/a', 'https://[2001:db8::a]/a'],
  ])('levels %s', (_what, url, comparable) => {
    expect(comparableUrl(url)).toBe(comparable);
    expect(comparableUrl(comparable)).toBe(comparable);
  });

  it.each([
    ['a slash at the end of the path', 'https://h/a', 'https://h/a/'],
    ['two slashes', 'https://h/a/b', 'https://h/a//b'],
    ['a slash that is encoded', 'https://h/a/b', 'https://h/a%2Fb'],
    ['the case of the path', 'https://h/a', 'https://h/A'],
    ['a dot behind the host', 'https://h/a', 'https://h./a'],
    ['the scheme', 'https://h/a', 'http://h/a'],
    ['the port', 'https://h/a', 'https://h:8443/a'],
    ['the default port of the other scheme', 'https://h/a', 'https://h:80/a'],
    ['a parameter of the path', 'https://h/a', 'https://h/a;b'],
    ['a host that begins alike', 'https://h/a', 'https://h.evil.example/a'],
    ['a dot that is part of a name', 'https://h/a', 'https://h/.a'],
    ['an IPv4 address in IPv6', 'https://127.0.0.1/a', 'https://[::ffff:127.0.0.1]/a'],
    ['a short form of an IPv4 address', 'https://127.0.0.1/a', 'https://127.1/a'],
  ])('keeps %s apart', (_what, one, other) => {
    expect(comparableUrl(one)).toBeDefined();
    expect(comparableUrl(other)).toBeDefined();
    expect(comparableUrl(one)).not.toBe(comparableUrl(other));
  });

  it.each([
    '',
    '/orders',
    'orders',
    '//h/orders',
    'https:///orders',
    'https:/h/orders',
    'https:h/orders',
    'wss://h/orders',
    'ftp://h/orders',
    'javascript:alert(1)',
    'https://ada@h/orders',
    'https://ada:secret@h/orders',
    'https://h@evil.example/orders',
    'https://%68/orders',
    'https://h:port/orders',
    'https://h:443:443/orders',
    'https://h:-1/orders',
    'https://h:123456/orders',
    'https://[::1/orders',
    'https://[::zz]/orders',
    'https://[1:2]/orders',
    'https://h\\orders',
    'https://h/a\\b',
    'https://h/a b',
    'https://h/a\tb',
    'https://h/a\nb',
    ' https://h/a',
    'https://h/a\u0000',
    'https://h/é',
    'https://münchen.example/',
    'https://h/%',
    'https://h/%zz',
    'https://h/<a>',
    'https://h/{a}',
  ])('takes no %j', (url) => {
    expect(comparableUrl(url)).toBeUndefined();
  });

  it('is the same when it is asked again, for any text', () => {
    const part = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%7e',
      'a',
      'A',
      ':',
      '@',
      '?',
      '#',
      '[',
      '\\',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.array(part).map((parts) => `https://h/${parts.join('')}`),
        ),
        (url) => {
          const comparable = comparableUrl(url);
          if (comparable === undefined) return;
          expect(comparableUrl(comparable)).toBe(comparable);
          expect(comparable).toMatch(/^https?:\/\/[^/?#@\\]+\/[^?#\\]*$/);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('takes time in proportion to its length', () => {
    for (const path of [
      '/a/..'.repeat(50_000),
      '%41'.repeat(80_000),
      '/'.repeat(200_000),
      '/.'.repeat(100_000),
    ]) {
      const start = performance.now();
      expect(comparableUrl(`https://h/${path}`)).toBeDefined();
      expect(comparableUrl(`https://h/${path} `)).toBeUndefined();
      expect(performance.now() - start).toBeLessThan(2_000);
    }
  });
});

describe('pathOfTarget', () => {
  it.each([
    ['/orders', '/orders'],
    ['/orders?a=1', '/orders'],
    ['/orders?a=1#b', '/orders'],
    ['/?', '/'],
    ['//evil.example/orders', '//evil.example/orders'],
    ['http://evil.example/orders?a', '/orders'],
    ['HTTPS://evil.example', '/'],
    ['/a\r\nb', '/a\r\nb'],
    ['*', undefined],
    ['', undefined],
    ['evil.example:443', undefined],
    ['orders', undefined],
  ])('of %j is %j', (target, path) => {
    expect(pathOfTarget(target)).toBe(path);
  });
});
