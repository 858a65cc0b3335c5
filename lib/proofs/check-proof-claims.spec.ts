import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import {
  checkAge,
  checkMethod,
  checkToken,
  checkUrl,
  readProofClaims,
  type ProofClaims,
} from './check-proof-claims.js';

const PAYLOAD = { jti: 'j', htm: 'GET', htu: 'https://api.example.com/orders', iat: 1_700_000_000, ath: 'a' };
const claims = (own: Partial<ProofClaims>): ProofClaims => ({ ...PAYLOAD, nonce: undefined, ...own });

describe('readProofClaims', () => {
  it('reads them', () => {
    expect(readProofClaims({ ...PAYLOAD, nonce: 'n', other: 1 })).toEqual({ ...PAYLOAD, nonce: 'n' });
    expect(readProofClaims(PAYLOAD).nonce).toBeUndefined();
  });

  it.each(['jti', 'htm', 'htu', 'ath'])('refuses "%s" that is missing or no text', (name) => {
    for (const value of [undefined, null, '', 7, true, ['x'], {}]) {
      expect(codeOf(() => readProofClaims({ ...PAYLOAD, [name]: value }))).toBe('proof_malformed');
    }
  });

  it('refuses "iat" that is missing or no number', () => {
    for (const iat of [undefined, null, '1700000000', NaN, Infinity, -Infinity, [1]]) {
      expect(codeOf(() => readProofClaims({ ...PAYLOAD, iat }))).toBe('proof_malformed');
    }
  });

  it('refuses a nonce that is no text', () => {
    for (const nonce of [null, 7, ['n'], {}]) {
      expect(codeOf(() => readProofClaims({ ...PAYLOAD, nonce }))).toBe('proof_malformed');
    }
  });
});

describe('checkMethod', () => {
  it.each(['get', 'HEAD', 'POST', 'GET ', 'Get'])('refuses %j for GET', (htm) => {
    expect(codeOf(() => checkMethod(claims({ htm }), 'GET'))).toBe('proof_invalid');
    expect(codeOf(() => checkMethod(claims({ htm }), htm))).toBeUndefined();
  });
});

describe('checkUrl', () => {
  const check = (
    htu: string,
    target = '/orders?a=1',
    publicUrl = 'https://api.example.com',
  ): string | undefined => codeOf(() => checkUrl(claims({ htu }), publicUrl, target));

  it.each([
    'https://api.example.com/orders',
    'HTTPS://API.example.com:443/orders?b=2#c',
    'https://api.example.com/%6Frders',
    'https://api.example.com/x/../orders',
  ])('takes %s', (htu) => {
    expect(check(htu)).toBeUndefined();
  });

  it.each([
    '/orders',
    'orders',
    'https://api.example.com',
    'https://api.example.com/orders/',
    'https://api.example.com/Orders',
    'https://api.example.com./orders',
    'https://api.example.com:8443/orders',
    'https://ada@api.example.com/orders',
    'https://evil.example/orders',
    'https://evil.example/https://api.example.com/orders',
    'https://api.example.com@evil.example/orders',
    'https://api.example.com%2Fevil.example/orders',
    'https://api.example.com\\@evil.example/orders',
    'http://api.example.com/orders',
    'wss://api.example.com/orders',
    'https://api.example.com//orders',
    'https://api.example.com/orders%3Fa=1',
  ])('refuses %s', (htu) => {
    expect(check(htu)).toBe('proof_invalid');
  });

  it.each(['/items/../orders', '/./orders', '/items/%2e%2E/orders', '/orders/.', '/orders/%2E', '/items/..'])(
    'does not read the target %s as another path, which belongs to another handler',
    (target) => {
      expect(check('https://api.example.com/orders', target)).toBe('proof_invalid');
      expect(check('https://api.example.com/orders/', target)).toBe('proof_invalid');
      expect(check('https://api.example.com/', target)).toBe('proof_invalid');
      // The same text is the same URL.
      expect(check(`https://api.example.com${target}`, target)).toBeUndefined();
    },
  );

  it('compares what is longer than 2,048 characters as it stands', () => {
    const path = (length: number): string => `/${'a'.repeat(length - 1)}`;
    const upper = (length: number): string => `HTTPS://api.example.com${path(length)}`;
    expect(check(upper(2_000), path(2_000))).toBeUndefined();
    expect(check(upper(2_049), path(2_049))).toBe('proof_invalid');
    expect(check(`https://api.example.com${path(2_049)}`, path(2_049))).toBeUndefined();
    const dots = '/x/..'.repeat(500);
    expect(check(`https://api.example.com${dots}/orders`, '/orders')).toBe('proof_invalid');
  });

  it('puts the prefix of the public URL in front', () => {
    const at = (htu: string): string | undefined => check(htu, '/orders', 'https://api.example.com/v1');
    expect(at('https://api.example.com/v1/orders')).toBeUndefined();
    expect(at('https://api.example.com/orders')).toBe('proof_invalid');
    expect(at('https://api.example.com/v1/v1/orders')).toBe('proof_invalid');
  });

  it.each([
    ['//evil.example/orders', 'https://evil.example/orders'],
    ['http://evil.example/orders', 'http://evil.example/orders'],
    ['https://evil.example/orders', 'https://evil.example/orders'],
    ['@evil.example/orders', 'https://api.example.com@evil.example/orders'],
    ['.evil.example/orders', 'https://api.example.com.evil.example/orders'],
    [':8443/orders', 'https://api.example.com:8443/orders'],
    ['*', 'https://api.example.com*'],
    ['', 'https://api.example.com'],
  ])('lets no target %s choose the host', (target, htu) => {
    expect(check(htu, target)).toBe('proof_invalid');
  });

  it('reads the path of a target in absolute form', () => {
    expect(check('https://api.example.com/orders', 'http://internal:3000/orders?a=1')).toBeUndefined();
  });
});

describe('checkAge', () => {
  const RULES = { maxAgeMs: 60_000, clockToleranceMs: 10_000 };
  const NOW = 1_700_000_000;
  const check = (iat: number, nowMs = NOW * 1000): string | undefined =>
    codeOf(() => checkAge(claims({ iat }), RULES, nowMs));

  it.each([
    ['now', NOW, undefined],
    ['just within the age', NOW - 59.999, undefined],
    ['at the age', NOW - 60, 'proof_invalid'],
    ['long ago', NOW - 3_600, 'proof_invalid'],
    ['in the year 1970', 0, 'proof_invalid'],
    ['before 1970', -1e308, 'proof_invalid'],
    ['at the tolerance', NOW + 10, undefined],
    ['past the tolerance', NOW + 10.001, 'proof_invalid'],
    ['in milliseconds', NOW * 1000, 'proof_invalid'],
    ['of the end of numbers', 1e308, 'proof_invalid'],
    ['NaN', NaN, 'proof_invalid'],
  ])('judges one %s', (_what, iat, code) => {
    expect(check(iat)).toBe(code);
  });

  it('says until when it passes', () => {
    expect(checkAge(claims({ iat: NOW }), RULES, NOW * 1000)).toBe((NOW + 60) * 1000);
  });

  it('takes none where the time is not known', () => {
    expect(check(NOW, NaN)).toBe('proof_invalid');
    expect(codeOf(() => checkAge(claims({ iat: NOW }), { ...RULES, maxAgeMs: NaN }, NOW * 1000))).toBe(
      'proof_invalid',
    );
    expect(
      codeOf(() => checkAge(claims({ iat: NOW }), { ...RULES, clockToleranceMs: NaN }, NOW * 1000)),
    ).toBe('proof_invalid');
  });
});

it('checkToken takes the hash of this token alone', () => {
  const ath = createHash('sha256').update('token').digest('base64url');
  expect(codeOf(() => checkToken(claims({ ath }), 'token'))).toBeUndefined();
  for (const wrong of [
    'token',
    `${ath}=`,
    ath.toLowerCase(),
    createHash('sha256').update('token').digest('hex'),
  ]) {
    expect(codeOf(() => checkToken(claims({ ath: wrong }), 'token'))).toBe('proof_invalid');
  }
  expect(codeOf(() => checkToken(claims({ ath }), 'token2'))).toBe('proof_invalid');
});
