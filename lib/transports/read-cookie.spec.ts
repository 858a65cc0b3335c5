import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { nodeRequest } from '../../test/support/node-request.js';
import { readCookie } from './read-cookie.js';

const PAGE = 'https://app.example.com';
const RULE = { name: 'token', origins: [PAGE, 'http://localhost:3000'] };

interface Handshake {
  readonly rawHeaders: string[];
  readonly headers: { readonly cookie?: string; readonly origin?: string };
}

/** As Node.js parses it. */
function handshake(cookie: string | undefined, ...origins: string[]): Handshake {
  const [origin] = origins;
  return {
    rawHeaders: [
      ...(cookie === undefined ? [] : ['Cookie', cookie]),
      ...origins.flatMap((each) => ['Origin', each]),
    ],
    headers: { ...(cookie !== undefined && { cookie }), ...(origin !== undefined && { origin }) },
  };
}
const read = (cookie: string | undefined, ...origins: string[]): string | undefined =>
  readCookie(handshake(cookie, ...origins), RULE);

describe('readCookie', () => {
  it.each([
    ['token=a.b.c', 'a.b.c'],
    ['theme=dark; token=a.b.c; lang=en', 'a.b.c'],
    ['theme=dark;token=a.b.c', 'a.b.c'],
    ['token="a.b.c"', 'a.b.c'],
    ['token=a.b.c; token=a.b.c', 'a.b.c'],
    ['token=; token=a.b.c', 'a.b.c'],
    ['token=a=b', 'a=b'],
    ['token=a"b"', 'a"b"'],
    ['token="a"b', '"a"b'],
  ])('takes the token of %j', (cookie, token) => {
    expect(read(cookie, PAGE)).toBe(token);
  });

  it.each([
    [undefined],
    [''],
    ['token'],
    ['token='],
    ['token=""'],
    ['Token=a.b.c'],
    ['xtoken=a.b.c'],
    ['\u00a0token=a.b.c'],
    ['x=1; \u00a0token=a.b.c'],
    ['x=1;\u000btoken=a.b.c'],
    ['\ufefftoken=a.b.c'],
    ['token2=a.b.c'],
    ['x="; Token=a.b.c"'],
  ])('finds none in %j, from whatever origin', (cookie) => {
    expect(read(cookie, PAGE)).toBeUndefined();
    expect(read(cookie, 'https://evil.example')).toBeUndefined();
    expect(read(cookie)).toBeUndefined();
  });

  it.each([
    ['none', []],
    ['an empty one', ['']],
    ['null', ['null']],
    ['another site', ['https://evil.example']],
    ['a subdomain', ['https://x.app.example.com']],
    ['a longer name', ['https://app.example.com.evil.example']],
    ['another scheme', ['http://app.example.com']],
    ['another port', ['https://app.example.com:8443']],
    ['a default port', ['https://app.example.com:443']],
    ['a path', ['https://app.example.com/']],
    ['other letters', ['https://APP.example.com']],
    ['a list', [`${PAGE} https://evil.example`]],
    ['two headers', [PAGE, 'https://evil.example']],
    ['the same one twice', [PAGE, PAGE]],
  ])('refuses an Origin that is %s', (_name, origins) => {
    expect(codeOf(() => read('token=a.b.c', ...origins))).toBe('token_missing');
  });

  it('takes each origin of the list', () => {
    for (const origin of RULE.origins) expect(read('token=a', origin)).toBe('a');
  });

  it('does not choose between two tokens', () => {
    const two = (): unknown => read('token=a; token=b', PAGE);
    expect(codeOf(two)).toBe('authorization_malformed');
    expect(two).toThrow('There are two cookies "token".');
  });

  it('believes the Origin of the wire only, because what a client says later may end up in headers', () => {
    const { rawHeaders, headers } = handshake('token=a', 'https://evil.example');
    expect(codeOf(() => readCookie({ rawHeaders, headers: { ...headers, origin: PAGE } }, RULE))).toBe(
      'token_missing',
    );
    const without = nodeRequest(handshake('token=a').rawHeaders);
    expect(
      codeOf(() => readCookie({ raw: without, headers: { cookie: 'token=a', origin: PAGE } }, RULE)),
    ).toBe('token_missing');
  });

  it('reads a request that an adapter has made by hand', () => {
    expect(readCookie({ headers: { Cookie: 'token=a', Origin: PAGE } }, RULE)).toBe('a');
    const handmade = { rawHeaders: [], headers: { cookie: 'token=a', origin: PAGE } };
    expect(readCookie(handmade, RULE)).toBe('a');
    expect(codeOf(() => readCookie({ headers: { cookie: 'token=a' } }, RULE))).toBe('token_missing');
    const broken = { headers: { cookie: 7 as unknown as string, origin: PAGE } };
    expect(readCookie(broken, RULE)).toBeUndefined();
    const twice = { cookie: 'token=a', origin: PAGE, Origin: PAGE };
    expect(codeOf(() => readCookie({ headers: twice }, RULE))).toBe('token_missing');
  });

  it('takes no value of another header for the name of one', () => {
    const rawHeaders = ['X-Reads', 'origin', 'ORIGIN', PAGE, 'X-Other', PAGE];
    expect(readCookie({ rawHeaders, headers: { cookie: 'token=a' } }, RULE)).toBe('a');
  });

  it('names the option in its message, and nothing that came with the request', () => {
    expect(() => read('token=secret', 'https://evil.example')).toThrow(
      'The cookie "token" was not read: the Origin of the handshake is missing, or not one of transports.tokenFromCookie.origins.',
    );
  });
});
