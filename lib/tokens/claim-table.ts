import type { ErrorCode } from '../errors/error-codes.js';
import { refuse } from '../errors/identity-error.js';
import type { JsonObject } from '../model/json.js';
import { listOf } from '../model/printable.js';
import { readConfirmation } from './read-confirmation.js';
import type { CommonRules, TokenRules } from './token-rules.js';

/** What the doctor knows of a claim that has failed its check, ready to be shown. */
export interface ShownClaim {
  /** What the token says. */
  readonly value: string;
  /** The same as a date. */
  readonly time: string;
  /** What would have been accepted. */
  readonly accepted: string;
}

interface ClaimCheckOf<R> {
  /** The claim that is looked at. */
  readonly claim: string;
  /** The option that it is compared with. */
  readonly option: string;
  /** The error if it does not fit; `claim_missing` and `claim_invalid` are possible besides. */
  readonly code: ErrorCode;
  /**
   * In the form "not provably valid is invalid": a missing or mistyped value never compares its way through.
   *
   * @param nowMs - milliseconds since 1970.
   * @throws {IdentityError} `code`, `claim_missing`, `claim_invalid`.
   */
  readonly check: (claims: JsonObject, rules: R, nowMs: number) => void;
  /** What would have been accepted, if it can be listed. */
  readonly accepted?: (rules: TokenRules) => readonly string[] | null;
  /** What to do about `code`, for the reader of the doctor's report. */
  readonly advice: (shown: ShownClaim) => string;
  /** What to do if the claim is missing. @default let the provider put it into its tokens */
  readonly ifMissing?: (shown: Pick<ShownClaim, 'accepted'>) => string;
}

/** One check of a claim. `isCommon`: it is the same for all issuers, and made before anybody is asked who a tenant is. */
export type ClaimCheck =
  | (ClaimCheckOf<CommonRules> & { readonly isCommon: true })
  | (ClaimCheckOf<TokenRules> & { readonly isCommon: false });

/** Claims that RFC 9068 section 2.2 demands, besides those that are always demanded. */
const RFC9068_CLAIMS = ['aud', 'sub', 'client_id', 'iat', 'jti'] as const;
const SUPPLY = (): string => 'let the provider put it into the access tokens of this API';

/**
 * The checks of the claims, in their order. To add one, add a row; its option is a row in options/, its error one in
 * errors/error-codes.ts. Metrics, explanations and the doctor's advice follow.
 *
 * An optional claim that is null counts as absent: some serializers write what was not set (RFC 7519 section
 * 4.1 makes `exp`, `nbf`, `iat`, `sub` and `aud` optional, and no type of theirs has null). `cnf` is no such
 * claim: nothing says that a confirmation of null binds to no key.
 */
export const CLAIM_CHECKS: readonly ClaimCheck[] = [
  {
    claim: 'iss',
    option: 'issuer',
    code: 'issuer_unknown',
    isCommon: false,
    // RFC 7519 section 4.1.1, compared exactly (RFC 3986 section 6.2.1).
    check: (claims, rules) => {
      if (claims['iss'] !== rules.issuer) throw refuse('issuer_unknown');
    },
    accepted: ({ issuer }) => [issuer],
    advice: ({ value, accepted }) =>
      `its "iss" is ${value}, but ${accepted} was expected: the option must be exactly that text`,
  },
  {
    claim: '*',
    option: 'requiredClaims',
    code: 'claim_missing',
    isCommon: true,
    check: (claims, { requiredClaims }) => {
      for (const name of requiredClaims) {
        if (isAbsent(claims, name)) throw missing(name, '"requiredClaims" requires it');
      }
    },
    advice: SUPPLY,
  },
  {
    claim: '*',
    option: 'profile',
    code: 'claim_missing',
    isCommon: false,
    // RFC 9068 section 2.2.
    check: (claims, { profile }) => {
      if (profile !== 'rfc9068') return;
      for (const name of RFC9068_CLAIMS) {
        if (isAbsent(claims, name)) throw missing(name, 'the option "profile" (rfc9068) requires it');
      }
      for (const name of ['client_id', 'jti']) {
        if (typeof claims[name] !== 'string') throw invalid(name, 'a string');
      }
    },
    advice: SUPPLY,
  },
  {
    claim: 'exp',
    option: 'clockToleranceMs',
    code: 'token_expired',
    isCommon: true,
    // RFC 7519 section 4.1.4: "on or after" the time is too late.
    check: ({ exp }, { clockToleranceMs }, nowMs) => {
      if (exp === undefined || exp === null) throw missing('exp', 'a token without an end is not accepted');
      if (!isNumericDate(exp)) throw invalid('exp', A_TIME);
      if (!(nowMs < exp * 1000 + clockToleranceMs)) {
        throw refuse('token_expired', `"exp" is in the past by more than ${tolerance(clockToleranceMs)}.`);
      }
    },
    advice: ({ time }) => `it expired at ${time}: ask the provider for a new one`,
    ifMissing: () => 'let the provider give its access tokens an end; no option accepts tokens without one',
  },
  {
    claim: 'nbf',
    option: 'clockToleranceMs',
    code: 'token_not_yet_valid',
    isCommon: true,
    // RFC 7519 section 4.1.5.
    check: ({ nbf }, { clockToleranceMs }, nowMs) => {
      if (nbf === undefined || nbf === null) return;
      if (!isNumericDate(nbf)) throw invalid('nbf', A_TIME);
      if (!(nbf * 1000 <= nowMs + clockToleranceMs))
        throw inFuture('token_not_yet_valid', 'nbf', clockToleranceMs);
    },
    advice: ({ time }) => `it holds from ${time}: ${CLOCKS}`,
  },
  {
    claim: 'iat',
    option: 'clockToleranceMs',
    code: 'issued_in_future',
    isCommon: true,
    // RFC 7519 section 4.1.6 leaves it open; a token from the future tells that a clock is wrong.
    check: ({ iat }, { clockToleranceMs }, nowMs) => {
      if (iat === undefined || iat === null) return;
      if (!isNumericDate(iat)) throw invalid('iat', A_TIME);
      if (!(iat * 1000 <= nowMs + clockToleranceMs))
        throw inFuture('issued_in_future', 'iat', clockToleranceMs);
    },
    advice: ({ time }) => `it says it was issued at ${time}: ${CLOCKS}`,
  },
  {
    claim: 'aud',
    option: 'audience',
    code: 'audience_mismatch',
    isCommon: false,
    check: checkAudience,
    accepted: ({ audience }) => audience,
    advice: ({ value, accepted }) =>
      `it is for ${value}, but ${accepted} was expected: request a token for this API, or name its audience`,
    ifMissing: ({ accepted }) =>
      `let the provider put this API (${accepted}) into "aud"; many ask for it by "audience" or "resource" in the token request`,
  },
  {
    claim: 'sub',
    option: 'requiredClaims',
    code: 'claim_invalid',
    isCommon: true,
    // RFC 7519 section 4.1.2.
    check: ({ sub }) => {
      if (sub === undefined || sub === null) return;
      if (typeof sub !== 'string' || sub === '') throw invalid('sub', 'a non-empty string');
    },
    advice: SUPPLY,
  },
  {
    claim: 'cnf',
    option: 'senderConstrained',
    code: 'sender_constrained',
    isCommon: true,
    // RFC 7800: useless without a proof of the key, whatever the confirmation looks like. The proof is a step of its own.
    check: (claims, { senderConstrained, dpop, mtls }) => {
      if (claims['cnf'] === undefined) {
        if (senderConstrained === 'require') throw refuse('sender_unconstrained');
        return;
      }
      if (senderConstrained !== 'accept' && senderConstrained !== 'require')
        throw refuse('sender_constrained');
      const confirmation = readConfirmation(claims);
      if (!confirmation) throw refuse('sender_constrained', UNKNOWN_BINDING);
      if (confirmation.jkt !== undefined && dpop === undefined) throw refuse('sender_constrained', NO_DPOP);
      if (confirmation.x5tS256 !== undefined && mtls === undefined)
        throw refuse('sender_constrained', NO_MTLS);
    },
    advice: () =>
      'it is bound to a key (DPoP, mTLS): ask for a plain Bearer token, or set senderConstrained: "accept", for mTLS with "mtls"',
  },
];

const CLOCKS = 'is the clock of this machine, or of the provider, right?';
const UNKNOWN_BINDING =
  'The token is bound ("cnf") in a way that cannot be checked here: only "jkt" (DPoP) and "x5t#S256" (mTLS) are, without others.';
const NO_DPOP = 'The token is bound to the key of DPoP proofs ("cnf.jkt"), and the option "dpop" is false.';
const NO_MTLS =
  'The token is bound to a certificate ("cnf" with "x5t#S256"), and the option "mtls" is missing.';
const A_TIME = 'a number of seconds since 1970';

/** RFC 7519 section 4.1.3: a string, or a list of strings that holds one of ours. */
function checkAudience(claims: JsonObject, rules: TokenRules): void {
  const { audience: accepted, audienceClaim } = rules;
  const value = Object.hasOwn(claims, audienceClaim) ? claims[audienceClaim] : undefined;
  if (value === undefined || value === null) {
    if (accepted === null) return;
    throw missing(audienceClaim, `the option "audience" expects ${listOf(accepted)} in it`);
  }
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value];
  let isMeant = false;
  for (const audience of audiences) {
    if (typeof audience !== 'string') throw invalid(audienceClaim, 'a string or a list of strings');
    isMeant ||= accepted?.includes(audience) === true;
  }
  if (accepted === null || isMeant) return;
  const expected = listOf(accepted);
  throw refuse(
    'audience_mismatch',
    `The claim "${audienceClaim}" has none of the option "audience": ${expected}.`,
  );
}

function isAbsent(claims: JsonObject, name: string): boolean {
  return !Object.hasOwn(claims, name) || claims[name] === null;
}

/** RFC 7519 section 2 NumericDate. JSON has no NaN, but 1e999 parses to Infinity. */
function isNumericDate(value: unknown): value is number {
  return Number.isFinite(value);
}

function inFuture(code: ErrorCode, claim: string, toleranceMs: number): Error {
  return refuse(code, `"${claim}" is in the future by more than ${tolerance(toleranceMs)}.`);
}

function tolerance(toleranceMs: number): string {
  return `clockToleranceMs (${String(toleranceMs)})`;
}

function missing(name: string, why: string): Error {
  return refuse('claim_missing', `The claim "${name}" is missing: ${why}.`, { claim: name });
}

function invalid(name: string, expected: string): Error {
  return refuse('claim_invalid', `The claim "${name}" has the wrong type or form: it must be ${expected}.`, {
    claim: name,
  });
}
