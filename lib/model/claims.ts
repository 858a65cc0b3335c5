/**
 * Claims of an access token (RFC 7519 section 4.1, RFC 9068 section 2.2), as the issuer signed them.
 * What is not listed here has whatever type the provider chose, so it is `unknown`.
 *
 * For your own claims, extend it (`interface MyClaims extends AccessTokenClaims { tenant: string }`),
 * add them everywhere by declaration merging (`declare module 'nestjs-identity-model'`), or name them
 * for one call: `validate<{ tenant: string }>(token)`.
 */
export interface AccessTokenClaims {
  /** Issuer, exactly the configured string. */
  readonly iss: string;
  /** Expiry, in seconds since 1970; always present. */
  readonly exp: number;
  /** Subject; some providers leave it out for client credentials. */
  readonly sub?: string;
  /** Audience: one string or several. */
  readonly aud?: string | readonly string[];
  /** Time of issue, in seconds since 1970. */
  readonly iat?: number;
  /** Not valid before, in seconds since 1970. */
  readonly nbf?: number;
  /** Token id. */
  readonly jti?: string;
  /** Client that the token was issued to (RFC 9068 section 2.2). */
  readonly client_id?: string;
  /** Granted scopes, separated by spaces (RFC 8693 section 4.2); some providers send a list. */
  readonly scope?: string | readonly string[];
  readonly [claim: string]: unknown;
}
