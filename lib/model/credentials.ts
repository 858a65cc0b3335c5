/**
 * The certificate with which the client has proven itself in the TLS handshake (RFC 8705 section 3), or why none is known: none came;
 * it came in a header from an address that is not trusted; or the header is repeated or cannot be read.
 */
export type ClientCertificate =
  | { readonly thumbprint: string }
  | { readonly problem: 'missing' | 'untrusted' | 'malformed'; readonly detail: string };

/** Whether two requests came with one certificate, or with none for the same reason. */
export function isSameCertificate(
  one: ClientCertificate | undefined,
  other: ClientCertificate | undefined,
): boolean {
  return certificateKey(one) === certificateKey(other);
}

/** Different for different certificates. */
export function certificateKey(certificate: ClientCertificate | undefined): string {
  if (certificate === undefined) return '';
  return 'thumbprint' in certificate ? certificate.thumbprint : `no: ${certificate.problem}`;
}

/**
 * What a caller presents for access (RFC 9110 section 11.4). The scheme is a part of it: a token that is bound to a key
 * must not pass for one that is not (RFC 9449 section 7.2).
 */
export interface Credentials {
  /** How the token came: `Authorization: Bearer …` (RFC 6750) or `Authorization: DPoP …` (RFC 9449 section 7.1). */
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
  /** The value of the header `DPoP`, or all values if there are several. */
  readonly proof?: unknown;
  /** Method of the request, as its sender wrote it. */
  readonly method?: string | undefined;
  /** Path and query of the request, as its sender wrote them; the option `publicUrl` is put before it. */
  readonly url?: string | undefined;
  /**
   * The certificate of the client: SHA-256 of its DER bytes in base64url, as `x5t#S256` has it (RFC 8705 section 3.1).
   *
   * @default unknown: tokens that are bound to a certificate are refused
   */
  readonly certificate?: ClientCertificate | undefined;
  /**
   * The request or connection that they came with: a proof is used once, and may be looked at again for the same one.
   *
   * @default none: a proof that comes again was used before
   */
  readonly carrier?: object | undefined;
}

/** Registered, so that two copies of this package know each other's. */
const PRESENTED = Symbol.for('nestjs-identity-model: presented credentials');

/** {@link Credentials} of which code has said where they come from: see {@link createCredentials}. */
export interface PresentedCredentials extends Credentials {
  readonly [PRESENTED]: true;
}

/**
 * Says that method, URL, certificate and all else are of the request that came. What proves the sender must not be chosen by the sender:
 * an object that was read from a body (JSON, a form, YAML) says whatever its sender likes, and is refused as it is, because no
 * parser makes the mark that this function sets. So take each member from where the request really has it.
 *
 * @example
 * // For code that has a request of its own:
 * const { method, url } = request;
 * await tokens.validate(createCredentials({ scheme: 'DPoP', token, proof, method, url }));
 */
export function createCredentials(credentials: Credentials): PresentedCredentials {
  return { ...credentials, [PRESENTED]: true };
}

/** Whether {@link createCredentials} has made a value. */
export function isPresented(value: unknown): value is PresentedCredentials {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, PRESENTED);
}
