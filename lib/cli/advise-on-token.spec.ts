import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { adviseOnToken, type TokenCircumstances } from './advise-on-token.js';

const NOW_MS = Date.UTC(2026, 0, 2, 12);
const NOW_SEC = NOW_MS / 1000;

function advise(
  code: ErrorCode,
  claims: Record<string, unknown> = {},
  { kid, claim, hasThreeSegments = true }: Partial<TokenCircumstances> = {},
): string | undefined {
  return adviseOnToken(code, {
    issuer: 'https://id.example.com',
    audience: ['orders-api', 'orders-admin'],
    kid,
    claim,
    hasThreeSegments,
    claims: { sub: 'secret', scope: 'secret', ...claims },
    nowMs: NOW_MS,
  });
}

describe('adviseOnToken', () => {
  it.each<[ErrorCode, Record<string, unknown>, string]>([
    ['token_expired', { exp: NOW_SEC - 90 }, 'it expired at 2026-01-02T11:58:30Z (90 s ago)'],
    ['token_expired', { exp: NOW_SEC - 5 * 3_600 }, 'it expired at 2026-01-02T07:00:00Z (5 h ago)'],
    ['token_expired', { exp: 1 }, 'it expired at 1970-01-01T00:00:01Z (20455 days ago)'],
    ['token_expired', { exp: -1e300 }, 'it expired at a time that no calendar has'],
    ['token_not_yet_valid', { nbf: NOW_SEC + 600 }, 'it holds from 2026-01-02T12:10:00Z (in 10 min)'],
    ['issued_in_future', { iat: NOW_SEC + 60 }, 'issued at 2026-01-02T12:01:00Z (in 60 s)'],
    [
      'audience_mismatch',
      { aud: ['billing', 'a\u001b[2J'] },
      'it is for "billing", "a\\u001b[2J", but "orders-api", "orders-admin" was expected',
    ],
    ['audience_mismatch', { aud: 'abcdefg'.split('') }, 'it is for "a", "b", "c", "d", "e", 2 more, but'],
    ['audience_mismatch', { aud: [] }, 'it is for nobody, but'],
    ['issuer_unknown', { iss: 'https://id.example.com/' }, 'its "iss" is "https://id.example.com/", but'],
    ['issuer_unknown', {}, 'its "iss" is no text, but'],
    ['claim_missing', {}, 'let the provider put the claim into'],
  ])('of %s with %j', (code, claims, text) => {
    expect(advise(code, claims)).toContain(text);
  });

  it('names the key that a token names', () => {
    expect(advise('key_not_found', {}, { kid: 'k\n1' })).toContain('the key "k\\u000a1"');
    expect(advise('key_not_found')).toContain('it names no key');
  });

  it.each<[ErrorCode, string, string]>([
    ['claim_invalid', 'sub', 'let the provider write "sub" in that form'],
    ['claim_invalid', 'iat', 'let the provider write "iat" in that form'],
    ['claim_missing', 'exp', 'let the provider give its access tokens an end'],
    ['claim_missing', 'aud', 'let the provider put this API ("orders-api", "orders-admin") into "aud"'],
    ['claim_missing', 'client_id', 'let the provider put "client_id" into'],
  ])('of %s goes by the claim that decides: %s', (code, claim, text) => {
    expect(advise(code, {}, { claim })).toContain(text);
    if (claim !== 'aud') expect(advise(code, {}, { claim })).not.toContain('aud');
  });

  it('does not send whoever has an encrypted or opaque token to copy it again', () => {
    expect(advise('token_malformed', {}, { hasThreeSegments: false })).toBeUndefined();
    expect(advise('token_malformed')).toContain('Copy it whole');
  });

  it('has a word for each code, and shows no other claim', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const text = advise(
        code,
        { exp: NOW_SEC, nbf: NOW_SEC, iat: NOW_SEC, aud: 'x', iss: 'y' },
        { kid: 'kid' },
      );
      expect(text).toMatch(/\w/);
      expect(text).not.toContain('secret');
    }
  });
});
