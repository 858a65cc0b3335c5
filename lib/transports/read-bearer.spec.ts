import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { nodeRequest } from '../../test/support/node-request.js';
import { authorizationIn, headerIn, onlyToken, parseAuthorization, readBearer } from './read-bearer.js';

interface Received {
  readonly rawHeaders: string[];
  readonly headers: { authorization?: string };
}

/** As Node.js parses it: of several Authorization headers `headers` has the first one. */
const raw = (...values: string[]): Received => ({
  rawHeaders: [
    'Host',
    'api.example.com',
    ...values.flatMap((value) => ['Authorization', value]),
    'Accept',
    '*/*',
  ],
  headers: values[0] === undefined ? {} : { authorization: values[0] },
});
const read = (...values: string[]): string | undefined => readBearer(raw(...values));

describe('readBearer', () => {
  it.each([
    ['Bearer a.b.c', 'a.b.c'],
    ['bearer a.b.c', 'a.b.c'],
    ['BEARER a.b.c', 'a.b.c'],
    ['Bearer   a.b.c', 'a.b.c'],
    ['Bearer\ta.b.c', 'a.b.c'],
    [' Bearer a.b.c ', 'a.b.c'],
    ['Bearer a.b.c\t', 'a.b.c'],
  ])('takes the token of %j', (value, token) => {
    expect(read(value)).toBe(token);
  });

  it.each([
    '',
    ' ',
    'Basic dXNlcjpwYXNz',
    'DPoP a.b.c',
    'Bearera a.b.c',
    'Bearera.b.c',
    'Bearer=a.b.c',
    'Bearer,a.b.c',
    'Bearer\u00a0a.b.c',
    '\u00a0Bearer a.b.c',
    '\u000bBearer a.b.c',
    'BEARER_a.b.c',
    'Bear a.b.c',
    'a.b.c',
    'Basic Bearer a.b.c',
    'Negotiate, Bearer a.b.c',
    '"Bearer" a.b.c',
  ])('finds no Bearer token in %j', (value) => {
    expect(read(value)).toBeUndefined();
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer \t ',
    'Bearer a b',
    'Bearer a\tb',
    'Bearer good junk',
    'Bearer a,b',
    'Bearer a, Basic b',
    'Bearer a,',
    'Bearer ,a',
    'Bearer a\u00a0b',
    'Bearer a\u00a0',
    'Bearer \u00a0a',
    'Bearer \u00a0',
    'Bearer a\u000b',
    'Bearer a\nb',
  ])('refuses %j', (value) => {
    expect(codeOf(() => read(value))).toBe('authorization_malformed');
  });

  it.each([
    ['two tokens', ['Bearer a', 'Bearer b']],
    ['the same token twice', ['Bearer a', 'Bearer a']],
    ['a token behind another scheme', ['Basic x', 'Bearer a']],
    ['a token in front of another scheme', ['Bearer a', 'Basic x']],
    ['an empty one and a token', ['', 'Bearer a']],
    ['two of another scheme', ['Basic x', 'Basic y']],
  ])('refuses two headers: %s', (_what, values) => {
    expect(codeOf(() => read(...values))).toBe('authorization_malformed');
  });

  it('counts the raw headers in any case, and values not as names', () => {
    const headers = { authorization: 'Bearer a' };
    expect(readBearer({ rawHeaders: ['AUTHORIZATION', 'Bearer a'], headers })).toBe('a');
    const twice = ['authorization', 'Bearer a', 'AuthorizatioN', 'Bearer b'];
    expect(codeOf(() => readBearer({ rawHeaders: twice, headers }))).toBe('authorization_malformed');
    const value = ['x-forwarded-for', 'authorization', 'Authorization', 'Bearer a'];
    expect(readBearer({ rawHeaders: value, headers })).toBe('a');
    // As long as the name that is meant.
    const others = ['x-request-uid', 'a', 'x-request-uid', 'b'];
    expect(readBearer({ rawHeaders: [...others, 'Authorization', 'Bearer a'], headers })).toBe('a');
    expect(readBearer({ rawHeaders: ['proxy-authorization', 'Bearer a'], headers: {} })).toBeUndefined();
  });

  it.each<[string, Received, unknown, string | undefined]>([
    ['set', raw(), 'Bearer ours', 'ours'],
    ['replaced', raw('Bearer theirs'), 'Bearer ours', 'ours'],
    ['replaced another scheme', raw('Basic x'), 'Bearer ours', 'ours'],
    ['set as a list of one', raw(), ['Bearer ours'], 'ours'],
    ['deleted', raw('Bearer theirs'), undefined, undefined],
    ['set to null', raw('Bearer theirs'), null, undefined],
  ])('takes the value that middleware has %s', (_what, { rawHeaders }, authorization, token) => {
    const headers = { authorization } as Record<string, string>;
    expect(readBearer({ rawHeaders, headers })).toBe(token);
    expect(readBearer({ raw: nodeRequest(rawHeaders), headers })).toBe(token);
  });

  it('refuses two headers whatever middleware has made of them', () => {
    for (const authorization of ['Bearer ours', 'Bearer first', undefined]) {
      const { rawHeaders } = raw('Bearer first', 'Bearer second');
      const headers = { authorization } as Record<string, string>;
      expect(codeOf(() => readBearer({ rawHeaders, headers }))).toBe('authorization_malformed');
    }
  });

  it('says that there are two', () => {
    expect(() => read('Bearer a', 'Bearer b')).toThrow('There are several Authorization headers.');
  });

  it('refuses two values that middleware has set', () => {
    const headers = { authorization: ['Bearer a', 'Bearer b'] };
    expect(codeOf(() => readBearer({ rawHeaders: raw().rawHeaders, headers }))).toBe(
      'authorization_malformed',
    );
  });

  it("reads the raw list of node's request inside Fastify's", () => {
    const { headers } = raw('Bearer a');
    expect(readBearer({ raw: nodeRequest(raw('Bearer a').rawHeaders), headers })).toBe('a');
    const two = nodeRequest(raw('Bearer a', 'Bearer b').rawHeaders);
    expect(codeOf(() => readBearer({ raw: two, headers }))).toBe('authorization_malformed');
  });

  it('counts what came over the wire, whatever the application calls raw', () => {
    const headers = { authorization: 'Bearer a' };
    const request = nodeRequest(raw('Bearer a', 'Bearer b').rawHeaders);
    const body = JSON.parse('{ "rawHeaders": ["Authorization", "Bearer a"] }') as object;
    const express = Object.assign(request, { headers, raw: body });
    expect(codeOf(() => readBearer(express))).toBe('authorization_malformed');
    const byHand = { rawHeaders: raw('Bearer a', 'Bearer b').rawHeaders, headers, raw: body };
    expect(codeOf(() => readBearer(byHand))).toBe('authorization_malformed');
  });

  it('reads the parsed headers of a request that was made by hand', () => {
    expect(readBearer({ headers: { authorization: 'Bearer a' } })).toBe('a');
    expect(readBearer({ rawHeaders: [], headers: { authorization: 'Bearer a' } })).toBe('a');
    const byHand = { rawHeaders: [], headers: { Authorization: 'Bearer a' } };
    expect(readBearer(byHand)).toBe('a');
    expect(readBearer({ headers: { authorization: ['Bearer a'] } })).toBe('a');
    expect(codeOf(() => readBearer({ headers: { authorization: ['Bearer a', 'Bearer b'] } }))).toBe(
      'authorization_malformed',
    );
    expect(readBearer({ headers: {} })).toBeUndefined();
    expect(readBearer({})).toBeUndefined();
  });

  it('repeats nothing of the header in its message', () => {
    expect(() => read('Bearer secret-a secret-b')).toThrow('"Bearer" must be followed by exactly one token.');
  });
});

describe('the values of a header', () => {
  it.each([
    [
      'in any case of its name',
      { AUTHORIZATION: 'a', authorization: 'b', 'x-authorization': 'c' },
      ['a', 'b'],
    ],
    ['one by one, if it is a list', { authorization: ['a', 'b'] }, ['a', 'b']],
    ['that are set', { authorization: [undefined, null, 'a'], Authorization: null }, ['a']],
    ['as text, if they are bytes', { authorization: Buffer.from('a\u00e9', 'latin1') }, ['a\u00e9']],
    ['as they are, if they are neither', { authorization: [7, false] }, [7, false]],
    ['of null', null, []],
    ['of nothing', undefined, []],
    ['of a text', 'authorization', []],
  ])('are found %s', (_what, headers, values) => {
    expect(authorizationIn(headers)).toEqual(values);
  });

  it('are those of the name that is asked for', () => {
    expect(headerIn({ Origin: 'a', cookie: 'b' }, 'origin')).toEqual(['a']);
  });

  it('are no token if they are no text', () => {
    for (const value of [7, {}, true]) {
      const parse = (): unknown => parseAuthorization([value]);
      expect(codeOf(parse)).toBe('authorization_malformed');
      expect(parse).toThrow('The Authorization header is not a string.');
    }
    expect([parseAuthorization([]), parseAuthorization([undefined]), parseAuthorization([null])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('the token of several places', () => {
  it('is the one that stands in some of them', () => {
    expect([onlyToken(), onlyToken(undefined, undefined)]).toEqual([undefined, undefined]);
    expect([onlyToken(undefined, 'a'), onlyToken('a', undefined, 'a')]).toEqual(['a', 'a']);
  });

  it('is refused if two differ', () => {
    const two = (): unknown => onlyToken('a', undefined, 'b');
    expect(codeOf(two)).toBe('authorization_malformed');
    expect(two).toThrow('Two places carry two different tokens.');
  });
});
