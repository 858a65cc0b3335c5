import type { AccessTokenClaims } from './claims.js';

/** The JOSE header of a token (RFC 7515 section 4). Only its checked members are typed. */
export interface TokenHeader {
  readonly alg: string;
  readonly kid?: string;
  readonly typ?: string;
  readonly [parameter: string]: unknown;
}

/**
 * A token after every check. `claims` and `header` are deeply frozen.
 *
 * @typeParam T - your own claims, in addition to those of {@link AccessTokenClaims}.
 */
export interface ValidatedToken<T = unknown> {
  readonly claims: AccessTokenClaims & T;
  readonly header: TokenHeader;
  /** The issuer that vouches for it: one of the configured strings. */
  readonly issuer: string;
  /** The token itself. It is a credential: do not log it. */
  readonly token: string;
}
