import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildChallenges, retryAfterSeconds } from './challenge.js';
import { ERROR_CODES, type ErrorCode } from './error-codes.js';
import { IdentityError } from './identity-error.js';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const CONTEXT = { realm: 'api' };

const challenge = (
  code: ErrorCode,
  context: Parameters<typeof buildChallenges>[1] = CONTEXT,
): string | undefined => buildChallenges(new IdentityError(code), context)[0];

describe('buildChallenges', () => {
  it.each<[ErrorCode, string | undefined]>([
    ['token_missing', 'Bearer realm="api"'],
    ['authorization_malformed', 'Bearer realm="api", error="invalid_request"'],
    [
      'token_expired',
      'Bearer realm="api", error="invalid_token", error_description="The access token is expired"',
    ],
    [
      'signature_invalid',
      'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"',
    ],
    [
      'key_not_found',
      'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"',
    ],
    ['scope_missing', 'Bearer realm="api", error="insufficient_scope"'],
    ['claim_not_met', 'Bearer realm="api", error="insufficient_scope"'],
    ['issuer_not_met', 'Bearer realm="api", error="insufficient_scope"'],
    [
      'authentication_insufficient',
      'Bearer realm="api", error="insufficient_user_authentication", error_description="A stronger or more recent authentication is required"',
    ],
    ['keys_unavailable', undefined],
    ['keys_cold', undefined],
    ['provider_unreachable', undefined],
    ['check_failed', undefined],
    ['options_invalid', undefined],
    ['guard_missing', undefined],
  ])('for %s is %s', (code, expected) => {
    expect(challenge(code)).toBe(expected);
  });

  it.each(CODES)('for %s goes with the status', (code) => {
    const { status } = new IdentityError(code);
    const value = challenge(code);
    const error = /error="(\w+)"/.exec(value ?? '')?.[1];
    expect(value === undefined).toBe(status >= 500);
    if (status === 400) expect(error).toBe('invalid_request');
    if (status === 401) {
      const others = {
        token_missing: undefined,
        authentication_insufficient: 'insufficient_user_authentication',
        proof_missing: 'invalid_dpop_proof',
        proof_malformed: 'invalid_dpop_proof',
        proof_invalid: 'invalid_dpop_proof',
        proof_replayed: 'invalid_dpop_proof',
        proof_nonce_needed: 'use_dpop_nonce',
      };
      expect(error).toBe(code in others ? Reflect.get(others, code) : 'invalid_token');
    }
    if (status === 403) expect(error).toBe('insufficient_scope');
  });

  it('tells refused tokens apart by their expiry and by nothing else', () => {
    const refused = CODES.filter((code) => ERROR_CODES[code].challenge === 'invalid_token');
    expect(new Set(refused.map((code) => challenge(code))).size).toBe(2);
  });

  it('names the scopes of the route, if a right or the token itself is missing', () => {
    const context = { realm: 'api', parameters: { scope: 'orders:read orders:write' } };
    expect(challenge('scope_missing', context)).toBe(
      'Bearer realm="api", error="insufficient_scope", scope="orders:read orders:write"',
    );
    expect(challenge('token_expired', context)).not.toContain('scope');
    expect(challenge('token_missing', context)).toBe('Bearer realm="api", scope="orders:read orders:write"');
    expect(challenge('authorization_malformed', context)).not.toContain('scope');
    expect(challenge('scope_missing', { realm: 'api', parameters: {} })).not.toContain('scope=');
  });

  it('has another error, if the unmet requirement names one', () => {
    const context = { realm: 'api', parameters: { error: 'insufficient_claims', claims: 'e30=' } };
    expect(challenge('authentication_insufficient', context)).toMatch(
      /^Bearer realm="api", error="insufficient_claims", error_description="[^"]+", claims="e30="$/,
    );
  });

  it('points to the metadata of the resource where it is configured', () => {
    const context = { realm: 'api', resourceMetadataUrl: 'https://api.example.com/.well-known/x' };
    const suffix = ', resource_metadata="https://api.example.com/.well-known/x"';
    expect(challenge('token_missing', context)).toBe(`Bearer realm="api"${suffix}`);
    expect(challenge('scope_missing', context)).toMatch(new RegExp(`${suffix}$`));
    expect(challenge('keys_unavailable', context)).toBeUndefined();
  });

  it('quotes what is configured, so that it ends where it should', () => {
    expect(challenge('token_missing', { realm: String.raw`a"b\c` })).toBe(String.raw`Bearer realm="a\"b\\c"`);
    fc.assert(
      fc.property(fc.string(), (realm) => {
        const quoted = /^Bearer realm="((?:[^"\\]|\\.)*)"$/s.exec(
          challenge('token_missing', { realm }) ?? '',
        )?.[1];
        expect(quoted?.replaceAll(/\\(.)/gs, '$1')).toBe(realm);
      }),
    );
  });

  it('carries nothing of the message, the cause or the request', () => {
    for (const code of CODES) {
      const error = new IdentityError(code, 'secret "message"', { cause: new Error('secret cause') });
      expect(buildChallenges(error, CONTEXT)[0]).toBe(challenge(code));
    }
  });
});

describe('the challenges of several schemes', () => {
  const schemes = [{ name: 'Bearer' }, { name: 'DPoP', algs: 'ES256 EdDSA' }] as const;
  const all = (code: ErrorCode, used?: 'Bearer' | 'DPoP', parameters = {}): readonly string[] =>
    buildChallenges(new IdentityError(code), { ...CONTEXT, schemes, used, parameters });

  it('are one for each, with the error at the scheme that was used (RFC 9449 section 7.2)', () => {
    expect(all('token_expired', 'Bearer')).toEqual([
      'Bearer realm="api", error="invalid_token", error_description="The access token is expired"',
      'DPoP realm="api", algs="ES256 EdDSA"',
    ]);
    expect(all('token_expired', 'DPoP')).toEqual([
      'Bearer realm="api"',
      'DPoP realm="api", error="invalid_token", error_description="The access token is expired", algs="ES256 EdDSA"',
    ]);
    expect(all('proof_replayed', 'DPoP')[1]).toBe(
      'DPoP realm="api", error="invalid_dpop_proof", error_description="The DPoP proof is missing or invalid", algs="ES256 EdDSA"',
    );
    expect(all('proof_nonce_needed', 'DPoP')[1]).toBe(
      'DPoP realm="api", error="use_dpop_nonce", error_description="The DPoP proof needs the nonce of this server", algs="ES256 EdDSA"',
    );
  });

  it('have no error for a request without credentials, and the scopes at each', () => {
    expect(all('token_missing', undefined, { scope: 'a b' })).toEqual([
      'Bearer realm="api", scope="a b"',
      'DPoP realm="api", scope="a b", algs="ES256 EdDSA"',
    ]);
  });

  it('have the parameters of a requirement where the error is', () => {
    expect(all('scope_missing', 'DPoP', { scope: 'a b' })).toEqual([
      'Bearer realm="api"',
      'DPoP realm="api", error="insufficient_scope", scope="a b", algs="ES256 EdDSA"',
    ]);
  });

  it('say what is wrong where the scheme that was used is not accepted', () => {
    const [only, ...others] = buildChallenges(new IdentityError('sender_unconstrained'), {
      ...CONTEXT,
      schemes: schemes.slice(1),
      used: 'Bearer',
    });
    expect(only).toMatch(/^DPoP realm="api", error="invalid_token", /);
    expect(others).toEqual([]);
  });

  it('are none where the status is no 400, 401 or 403', () => {
    expect(all('keys_unavailable', 'DPoP')).toEqual([]);
  });
});

describe('retryAfterSeconds', () => {
  it.each([
    [undefined, '1'],
    [0, '1'],
    [-5_000, '1'],
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [60_000, '60'],
    [Number.NaN, '1'],
    [Number.POSITIVE_INFINITY, '1'],
  ])('of %s ms is %s', (retryAfterMs, seconds) => {
    expect(retryAfterSeconds(new IdentityError('keys_unavailable', undefined, { retryAfterMs }))).toBe(
      seconds,
    );
  });
});
