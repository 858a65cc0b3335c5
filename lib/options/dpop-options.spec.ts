import { describe, expect, it } from 'vitest';
import { optionIssues } from '../../test/support/option-issues.js';
import { resolveOptions } from './resolve-options.js';
import type { ResolvedOptions } from './resolved-options.js';

const BASE = { issuer: 'https://id.example.com', audience: 'orders-api' };
const PUBLIC = { ...BASE, publicUrl: 'https://api.example.com', senderConstrained: 'accept' };
const SECRET = 'x'.repeat(32);

const resolve = (own: object): ResolvedOptions => resolveOptions({ ...PUBLIC, ...own }, {});

describe('senderConstrained', () => {
  it.each(['accept', 'require'])("'%s' needs the URL by which clients reach the API", (senderConstrained) => {
    expect(optionIssues({ ...BASE, senderConstrained })).toEqual([
      `publicUrl: is missing: senderConstrained: '${senderConstrained}' compares the URL in DPoP proofs with it`,
    ]);
    expect(optionIssues({ ...PUBLIC, senderConstrained })).toEqual([]);
    expect(optionIssues({ ...PUBLIC, senderConstrained, publicUrl: 'x' })).toHaveLength(1);
  });

  it("'reject' has no use for what proofs must be", () => {
    expect(optionIssues({ ...BASE, dpop: {} })).toEqual([
      "dpop: has no effect without senderConstrained: 'accept' or 'require'",
    ]);
    // To switch it off for a while is no mistake.
    expect(optionIssues({ ...BASE, senderConstrained: 'reject', dpop: {} })).toEqual([]);
  });
});

describe('dpop', () => {
  it('takes algorithms that are asymmetric, with both names of Ed25519', () => {
    expect(resolve({ dpop: { algorithms: ['ES512', 'Ed25519'] } }).dpop?.algorithms).toEqual([
      'ES512',
      'Ed25519',
      'EdDSA',
    ]);
    for (const algorithms of [
      [],
      ['none'],
      ['HS256'],
      ['ES256', 'HS256'],
      ['ML-DSA-44'],
      'ES256',
      [1],
      null,
    ]) {
      expect(optionIssues({ ...PUBLIC, dpop: { algorithms } })).toEqual([
        expect.stringMatching(/^dpop\.algorithms: expected a non-empty list of RS256, .*ES256/),
      ]);
    }
  });

  it.each([
    ['maxAgeMs', [0, 999, 600_001, NaN, '60000', null]],
    ['clockToleranceMs', [-1, 300_001, NaN, '1', null]],
    ['replay', ['memory', true, false, null]],
    ['maxProofs', [0, 999, 10_000_001, 1_000.5, NaN, '1000', null]],
    ['maxProofsPerKey', [0, 10_000_001, 1_000.5, NaN, '1000', null]],
    ['onStoreFailure', ['accept', true, null]],
    ['nonce', [true, SECRET, [SECRET], null]],
  ])('takes no other %s', (name, values) => {
    for (const value of values) {
      expect(optionIssues({ ...PUBLIC, dpop: { [name]: value } }).join()).toMatch(
        new RegExp(`^dpop\\.${name}[^:]*: expected`),
      );
    }
  });

  it('takes no more proofs of one key than of all', () => {
    expect(resolve({ dpop: { maxProofs: 1_000, maxProofsPerKey: 1_000 } }).dpop?.maxProofsPerKey).toBe(1_000);
    expect(resolve({ dpop: { maxProofs: 1_000 } }).dpop?.maxProofsPerKey).toBeUndefined();
    expect(optionIssues({ ...PUBLIC, dpop: { maxProofs: 1_000, maxProofsPerKey: 1_001 } })).toEqual([
      'dpop.maxProofsPerKey: is more than "maxProofs" (1000)',
    ]);
  });

  it('takes secrets of nonces that are long enough, and shows none of them', () => {
    expect(resolve({ dpop: { nonce: { secrets: [SECRET] } } }).dpop?.nonce).toEqual({
      secrets: [SECRET],
      lifetimeMs: 60_000,
    });
    expect(optionIssues({ ...PUBLIC, dpop: { nonce: {} } })).toEqual([
      'dpop.nonce.secrets: is missing: secrets that all replicas of this API share',
    ]);
    for (const secrets of [[], [SECRET, 'short-secret'], [`${SECRET}\n`], SECRET, [1], null]) {
      const [issue, ...others] = optionIssues({ ...PUBLIC, dpop: { nonce: { secrets } } });
      expect(issue).toMatch(
        /^dpop\.nonce\.secrets: expected a non-empty list of strings of 32 random characters/,
      );
      expect(issue).not.toMatch(/short-secret|xxx/);
      expect(others).toEqual([]);
    }
  });

  it.each([
    ['enabled', /it is senderConstrained: 'accept'/],
    ['required', /it is senderConstrained: 'require'/],
    ['nonces', /it is "nonce"/],
    ['maxAge', /did you mean "maxAgeMs"/],
  ])('answers "%s" with the name of ours', (name, hint) => {
    expect(optionIssues({ ...PUBLIC, dpop: { [name]: true } })).toEqual([expect.stringMatching(hint)]);
  });
});

describe('dpop.maxProofs beside the times', () => {
  const secrets = ['s'.repeat(32)];

  it.each<[object, seconds: number, rate: number, time: string]>([
    [{ nonce: { secrets, lifetimeMs: 3_600_000 } }, 3_621, 138, 'nonce.lifetimeMs'],
    [{ nonce: { secrets, lifetimeMs: 480_000 } }, 501, 998, 'nonce.lifetimeMs'],
    [{ maxAgeMs: 600_000 }, 621, 805, 'maxAgeMs'],
    [{ clockToleranceMs: 300_000 }, 661, 756, 'maxAgeMs'],
  ])('must be given with %j', (times, seconds, rate, time) => {
    expect(optionIssues({ ...PUBLIC, dpop: times })).toEqual([
      `dpop.maxProofs: must be given: with "${time}" and "clockToleranceMs" a used proof is remembered for ${String(seconds)} s, so that the ` +
        `default of 500000 is enough for ${String(rate)} proofs per second; it is your proofs per second times ${String(seconds)}`,
    ]);
    expect(optionIssues({ ...PUBLIC, dpop: { ...times, maxProofs: 500_000 } })).toEqual([]);
    expect(optionIssues({ ...PUBLIC, dpop: { ...times, replay: 'off' } })).toEqual([]);
  });

  it('has a default for 1,000 proofs per second', () => {
    expect(optionIssues({ ...PUBLIC, dpop: { nonce: { secrets, lifetimeMs: 479_000 } } })).toEqual([]);
    // The age of a proof is that of its nonce.
    expect(optionIssues({ ...PUBLIC, dpop: { maxAgeMs: 600_000, nonce: { secrets } } })).toEqual([]);
  });
});
