import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { nodeRequest } from '../../test/support/node-request.js';
import type { Credentials } from '../model/credentials.js';
import type { HttpRequestLike } from './node-request.js';
import { credentialsIn, onlyCredentials, parseDpop, readCredentials } from './read-credentials.js';

/** A request as it comes from node:http. */
function requestWith(
  ...lines: readonly (readonly [name: string, value: string])[]
): HttpRequestLike & object {
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) {
    const known = headers[name.toLowerCase()];
    headers[name.toLowerCase()] = known === undefined ? value : `${known}, ${value}`;
  }
  return { method: 'GET', url: '/orders?a=1', headers, rawHeaders: lines.flat() } as HttpRequestLike;
}
const BOUND = ['Authorization', 'DPoP a.b.c'] as const;

describe('readCredentials', () => {
  it('reads a bound token with its proof and its request', () => {
    const request = requestWith(BOUND, ['DPoP', 'p.p.p']);
    expect(readCredentials(request, true)).toEqual({
      scheme: 'DPoP',
      token: 'a.b.c',
      proof: ['p.p.p'],
      method: 'GET',
      url: '/orders?a=1',
      carrier: request,
    });
  });

  it('knows the scheme only if it is accepted', () => {
    expect(readCredentials(requestWith(BOUND, ['DPoP', 'p']), false)).toBeNull();
    expect(readCredentials(requestWith(['DPoP', 'p']), true)).toBeNull();
    expect(readCredentials(requestWith(['Authorization', 'DPoPx a']), true)).toBeNull();
  });

  it('reads no proof beside a bearer token', () => {
    const request = requestWith(['Authorization', 'Bearer a.b.c'], ['DPoP', 'p'], ['DPoP', 'q']);
    expect(readCredentials(request, true)).toEqual({ scheme: 'Bearer', token: 'a.b.c' });
  });

  it('shows that several proofs came, which Node.js has joined', () => {
    const request = requestWith(BOUND, ['DPoP', 'p'], ['dpop', 'q']);
    expect(readCredentials(request, true)?.proof).toEqual(['p', 'q']);
    expect(readCredentials({ headers: { authorization: 'DPoP a', dpop: ['p', 'q'] } }, true)?.proof).toEqual([
      'p',
      'q',
    ]);
    expect(readCredentials(requestWith(BOUND), true)?.proof).toEqual([]);
  });

  it('goes by what came, not by what a router has made of it', () => {
    const request = { ...requestWith(BOUND), originalUrl: '/v1/orders' };
    expect(readCredentials(request, true)?.url).toBe('/v1/orders');
    const raw = nodeRequest(['Authorization', 'DPoP a']);
    expect(readCredentials({ headers: { authorization: 'DPoP a' }, raw }, true)?.carrier).toBe(raw);
    // Not every `raw` is Node's request.
    for (const body of ['body', { rawHeaders: ['DPoP', 'p'] }]) {
      const other = { headers: { authorization: 'DPoP a' }, raw: body as object };
      expect(readCredentials(other, true)).toMatchObject({ carrier: other, proof: [] });
    }
    const two = nodeRequest([...BOUND, 'DPoP', 'p', 'DPoP', 'q']);
    const headers = { authorization: 'DPoP a.b.c', dpop: 'p' };
    const express = Object.assign(two, { headers, raw: { rawHeaders: ['DPoP', 'p'] } });
    expect(readCredentials(express, true)).toMatchObject({ carrier: two, proof: ['p', 'q'] });
    expect(readCredentials({ headers: { authorization: 'DPoP a' } }, true)).toMatchObject({
      method: undefined,
      url: undefined,
    });
  });
});

describe('parseDpop', () => {
  it.each([
    ['DPoP a.b.c', 'a.b.c'],
    ['dpop a.b.c', 'a.b.c'],
    [' DPOP \t a.b.c ', 'a.b.c'],
    ['Bearer a.b.c', undefined],
    ['DPoPa.b.c', undefined],
    ['', undefined],
  ])('of %j is %s', (value, token) => {
    expect(parseDpop([value])).toBe(token);
  });

  it.each(['DPoP', 'DPoP ', 'DPoP a b', 'DPoP a, DPoP b', 'DPoP a,b', 'DPoP a\u00a0b'])(
    'refuses %j',
    (value) => {
      expect(codeOf(() => parseDpop([value]))).toBe('authorization_malformed');
    },
  );

  it('takes no other type', () => {
    for (const values of [[], [null], [7], [['DPoP a']]]) expect(parseDpop(values)).toBeUndefined();
  });
});

describe('credentialsIn', () => {
  const upgrade = requestWith();

  it('reads what stands in the place of headers, whatever the case of its names', () => {
    const place = { AUTHORIZATION: 'DPoP a', DPoP: 'p' };
    expect(credentialsIn(place, true, upgrade)).toEqual({
      scheme: 'DPoP',
      token: 'a',
      proof: ['p'],
      method: 'GET',
      url: '/orders?a=1',
      carrier: place,
    });
    expect(credentialsIn({ Authorization: 'Bearer a', dpop: 'p' }, true, upgrade)).toEqual({
      scheme: 'Bearer',
      token: 'a',
    });
    expect(credentialsIn(place, false, upgrade)).toBeUndefined();
    expect(credentialsIn(undefined, true, upgrade)).toBeUndefined();
    expect(credentialsIn(place, true, undefined)).not.toHaveProperty('url');
  });
});

describe('onlyCredentials', () => {
  const bearer = (token: string): Credentials => ({ scheme: 'Bearer', token });

  it('takes the first of several that say the same', () => {
    expect(onlyCredentials()).toBeNull();
    expect(onlyCredentials(null, undefined)).toBeNull();
    const [first, second] = [bearer('a'), bearer('a')];
    expect(onlyCredentials(null, first, second)).toBe(first);
  });

  it('refuses two tokens, and one token under two schemes', () => {
    const bound: Credentials = { scheme: 'DPoP', token: 'a' };
    for (const pair of [
      [bearer('a'), bearer('b')],
      [bearer('a'), bound],
      [bound, bearer('a')],
    ]) {
      expect(codeOf(() => onlyCredentials(...pair))).toBe('authorization_malformed');
    }
  });
});
