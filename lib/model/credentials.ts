/**
 * What a caller presents for access (RFC 9110 section 11.4). The scheme is a part of it: a token that is bound to a key
 * must not pass for one that is not (RFC 9449 section 7.2).
 *
 * @example
 * // For code that has a request of its own:
 * await tokens.validate({ scheme: 'DPoP', token, proof, method: 'POST', url: '/orders?page=2' });
 */
export interface Credentials {
  /** How the token came: `Authorization: Bearer …` (RFC 6750) or `Authorization: DPoP …` (RFC 9449 section 7.1). */
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
  /** The value of the header `DPoP`, or all values if there are several. */
  readonly proof?: unknown;
  /** Method of the request, as its sender wrote it. */
  readonly method?: string | undefined;
  /** Path and query of the request, as its sender wrote them; the option `publicUrl` stands in front. */
  readonly url?: string | undefined;
  /**
   * The request or connection that they came with: a proof is used once, and may be looked at again for the same one.
   *
   * @default none: a proof that comes again was used before
   */
  readonly carrier?: object | undefined;
}
