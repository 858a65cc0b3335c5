import { algorithms, audience, keySet, keySetUrl, metadataIssuer, validateHook } from './issuer-kinds.js';
import { claimSource, oneOf, text, textList } from './kinds.js';
import type { Profile, StepUp } from './options.types.js';
import { httpSettings } from './resolve-http.js';
import type { GivenOf, ValueOf } from './schema.js';

/** What may be set for all issuers, and in each of them for itself. */
export const SHARED_ISSUER_OPTIONS = {
  /** Accepted audiences; null, written out, accepts any. Required at the top or in each issuer. */
  audience: audience(),
  /** The claim that names the audience; `client_id` for Amazon Cognito. @default 'aud' */
  audienceClaim: text('aud'),
  /** Allow-list of JWS algorithms. @default all asymmetric ones that this Node.js can verify */
  algorithms: algorithms(),
  /**
   * `rfc9068` requires `at+jwt` and the claims of RFC 9068 section 2.2. `fapi2`, for the whole module only, requires what the FAPI 2.0
   * Security Profile requires of a resource server, and rejects options that contradict it. @default 'any'
   */
  profile: oneOf<Profile>('any', ['any', 'rfc9068', 'fapi2']),
  /** How requests to the provider are made; members of an issuer take precedence. */
  http: httpSettings(),
  /** Own check over the validated token. An issuer's runs after the one at the top. @default none */
  validate: validateHook(),
  /**
   * Where roles are, for `@RequireRoles` and `@RequireAnyRole`: a claim, a path or a function; `rolesClaimOf` has those of providers.
   * A list of strings, or a string that is one role. @default none
   */
  rolesClaim: claimSource(),
  /**
   * Authentication contexts (`acr`), the weakest first, for `@RequireAuthentication`: a later one stands for all before it.
   * @default []
   */
  acrOrder: textList(Object.freeze([])),
  /**
   * How the challenge asks clients of the provider to log in again: by RFC 9470, or by Entra ID's claims challenge, which reads `acrs`.
   * @default 'rfc9470'
   */
  stepUp: oneOf<StepUp>('rfc9470', ['rfc9470', 'entra']),
};

/** What belongs to one issuer. */
export const ONE_ISSUER_OPTIONS = {
  /** The exact string that tokens carry in `iss`. Required, unless `issuers` is given. */
  issuer: text(undefined),
  /** What the metadata document must say, literally (Entra's `{tenantid}`, ADFS). @default issuer */
  metadataIssuer: metadataIssuer(),
  /** URL of the metadata document; there is no fallback to another one. @default made from the issuer */
  discoveryUrl: text(undefined),
  /** URL of the key set; skips discovery. @default from the metadata document */
  jwksUri: keySetUrl(),
};

/** What a member of `issuers` may have. At the top `jwks` is another option: how long fetched keys are believed. */
export const ISSUER_OPTIONS = {
  ...ONE_ISSUER_OPTIONS,
  ...SHARED_ISSUER_OPTIONS,
  /** A key set (RFC 7517 section 5) to use as it is; skips discovery, and nothing is ever fetched. */
  jwks: keySet(),
};

export type SharedIssuerValues = ValueOf<typeof SHARED_ISSUER_OPTIONS>;

export type IssuerValues = ValueOf<typeof ISSUER_OPTIONS>;

/** One of several issuers. */
export interface IssuerOptions extends GivenOf<typeof ISSUER_OPTIONS> {
  /** The exact string that tokens carry in `iss`. */
  readonly issuer: string;
}

/**
 * Names issuers while tokens come in: for tenants that are not known at start. Its answers are cached,
 * for `discovery.ttlMs`, refusals for `jwks.unknownKidTtlMs`. undefined refuses; a throw is a 503.
 *
 * @param unverifiedIssuer - what a token claims; the only check so far is that `allowedIssuers` lets it through.
 */
export type IssuerSource = (
  unverifiedIssuer: string,
) => IssuerOptions | undefined | Promise<IssuerOptions | undefined>;
