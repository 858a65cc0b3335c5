import { IdentityError } from '../errors/identity-error.js';
import { printableUrl } from '../http/printable-url.js';
import { isReferenceAllowed } from '../model/url-policy.js';
import { deepFreeze, isJsonObject } from '../model/json.js';

/** Metadata of a provider (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2), frozen. */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly [member: string]: unknown;
}

export interface MetadataExpectation {
  /** What `issuer` must be, literally. */
  readonly metadataIssuer: string;
  /** Where the document came from. */
  readonly documentUrl: string;
  readonly allowInsecureOrigins: readonly string[];
}

/**
 * Judges the two members that trust hangs on: `issuer` must be the expected string, exactly
 * (RFC 8414 section 3.3), and `jwks_uri` must be a URL that keys may come from. No other member is
 * judged: large providers advertise endpoints on several hosts.
 *
 * @throws {IdentityError} `provider_response_invalid`, `issuer_mismatch`, `url_not_allowed`.
 */
export function checkMetadata(document: unknown, expected: MetadataExpectation): ProviderMetadata {
  if (!isJsonObject(document)) throw invalid(expected, 'is not a JSON object');
  const { issuer, jwks_uri: jwksUri } = document;
  if (issuer !== expected.metadataIssuer) {
    const message =
      `The metadata at ${expected.documentUrl} names another issuer than "${expected.metadataIssuer}". ` +
      'Compare them exactly, trailing slash included; "metadataIssuer" is for providers whose document differs by design';
    const mismatch = new IdentityError('issuer_mismatch', message);
    NAMED_ISSUERS.set(mismatch, typeof issuer === 'string' ? issuer.slice(0, MAX_SHOWN) : null);
    throw mismatch;
  }
  if (typeof jwksUri !== 'string') throw invalid(expected, 'has no "jwks_uri"');
  if (!isReferenceAllowed(jwksUri, expected.documentUrl, expected.allowInsecureOrigins)) {
    throw new IdentityError(
      'url_not_allowed',
      `The "jwks_uri" of ${printableUrl(expected.documentUrl)} is not an https URL: ${printableUrl(jwksUri)}. ` +
        'If a proxy in front of the provider ends TLS, set the public URL of the provider there (its "hostname" or "proxy headers" setting), ' +
        'or name the https URL of the keys in "jwksUri" here; http.allowInsecureOrigins is for tests',
    );
  }
  return deepFreeze(document as ProviderMetadata);
}

/**
 * The issuer that refused metadata names, cut to a bearable length, or null if it names none; undefined if an
 * error is no `issuer_mismatch`. Beside the message, since a log need not repeat what a stranger's document says.
 */
export function namedIssuerOf(error: unknown): string | null | undefined {
  return error instanceof IdentityError ? NAMED_ISSUERS.get(error) : undefined;
}

const NAMED_ISSUERS = new WeakMap<IdentityError, string | null>();
const MAX_SHOWN = 300;

function invalid(expected: MetadataExpectation, what: string): IdentityError {
  return new IdentityError('provider_response_invalid', `The metadata at ${expected.documentUrl} ${what}`);
}
