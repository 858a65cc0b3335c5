/**
 * What an error means to the person who has to act on it.
 *
 * - `rejected`: the caller's token or right is not good enough; trying again unchanged is useless.
 * - `unavailable`: nothing can be decided now (provider, keys, a check of the application); trying again may help.
 * - `misconfigured`: the application is set up or called wrongly; only its developer can help.
 */
export type ErrorKind = 'rejected' | 'unavailable' | 'misconfigured';

/** `error` values of a challenge: RFC 6750 section 3.1, RFC 9470 section 3, RFC 9449 sections 7.1 and 9. */
export type ChallengeError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce';

/**
 * Where a validation can end with a code. Metrics show these results from the start at 0, so that the first one is seen as an
 * increase.
 *
 * - `unnamed`: before the token is known to name a configured issuer. With a function `issuers` also by the rules that no
 *   tenant can change, which are checked before it is asked.
 * - `unverified`: with the issuer's name, before the signature is checked.
 * - `verified`: after that. For a token in the token cache every check comes after it.
 */
export type Stage = 'unnamed' | 'unverified' | 'verified';

interface ErrorRow {
  readonly kind: ErrorKind;
  /** HTTP status of the response. */
  readonly status: 400 | 401 | 403 | 500 | 503;
  /** RFC 6750 `error`; absent if the challenge carries no code or there is no challenge. */
  readonly challenge?: ChallengeError;
  /** Whether a requirement of a route says so of a token that is valid. */
  readonly ofRequirement?: true;
  /** For people: what it means. */
  readonly meaning: string;
  /** None if no validation ends so, or seldom. */
  readonly stages?: readonly Stage[];
}

/** RFC 6750 section 3.1: an expired, revoked or malformed token is 401 `invalid_token`; the client may ask for a new one. */
const rejected = (meaning: string, ...stages: readonly Stage[]): ErrorRow => ({
  kind: 'rejected',
  status: 401,
  challenge: 'invalid_token',
  meaning,
  stages,
});
/** RFC 9449 section 7.1: the token is good, and its sender has not proven to have the key that it is bound to. */
const unproven = (meaning: string, challenge: ChallengeError = 'invalid_dpop_proof'): ErrorRow => ({
  kind: 'rejected',
  status: 401,
  challenge,
  meaning,
  stages: ['verified'],
});
/**
 * RFC 6750 section 3.1: a valid token that is not enough is 403 `insufficient_scope`. `ofRequirement` puts the code among the
 * denials that metrics count, because no validation has counted the token as rejected.
 */
const denied = (meaning: string, ...stages: readonly Stage[]) =>
  ({
    kind: 'rejected',
    status: 403,
    challenge: 'insufficient_scope',
    ofRequirement: true,
    meaning,
    stages,
  }) as const satisfies ErrorRow;
/**
 * RFC 9110 section 15.6.4, with `Retry-After`. Never a 401: clients throw a token away on that, and a good one is lost in each
 * outage of the provider.
 */
const unavailable = (meaning: string, ...stages: readonly Stage[]): ErrorRow => ({
  kind: 'unavailable',
  status: 503,
  meaning,
  stages,
});
/** A mistake of the application. The caller does not learn about it; the log has the message. */
const misconfigured = (meaning: string, ...stages: readonly Stage[]): ErrorRow => ({
  kind: 'misconfigured',
  status: 500,
  meaning,
  stages,
});

/** Every error this package reports. The names are stable; docs/reference/errors.md has the remedies. */
const TABLE = {
  // RFC 6750 section 3.1: a request without credentials gets no error code, only the scheme and the realm.
  token_missing: {
    kind: 'rejected',
    status: 401,
    meaning: 'The request carries no Bearer token.',
  },
  // RFC 6750 sections 2 and 3.1: more than one way or more than one token is `invalid_request`, 400.
  authorization_malformed: {
    kind: 'rejected',
    status: 400,
    challenge: 'invalid_request',
    meaning: 'The Authorization header is repeated, or "Bearer" is not followed by exactly one token.',
  },
  // Form: RFC 7515 section 7.1, RFC 7519 section 7.2.
  token_too_large: rejected('The token is longer than maxTokenBytes.', 'unnamed'),
  token_malformed: rejected(
    'The token is not a well-formed compact JWS with JSON objects inside.',
    'unnamed',
  ),
  header_unsupported: rejected(
    'The JOSE header asks for an extension ("crit", "b64") that is not supported.',
    'unnamed',
  ),
  // RFC 8725 section 3.1: the caller of a library chooses the algorithms, not the token.
  algorithm_not_allowed: rejected(
    'The header "alg" is not in the option "algorithms".',
    'unnamed',
    'unverified',
    'verified',
  ),
  // RFC 8725 sections 3.11 and 3.12: kinds of JWT are told apart by type and by mutually exclusive rules.
  token_type_not_accepted: rejected(
    'The header "typ" is not in the option "tokenTypes".',
    'unnamed',
    'unverified',
    'verified',
  ),
  not_an_access_token: rejected(
    'A claim marks the token as an ID, refresh or logout token, a security event or a proof.',
    'unnamed',
    'unverified',
  ),
  // RFC 8725 section 3.8, RFC 9068 section 4: issuer, then audience, then time.
  issuer_unknown: rejected('The issuer ("iss") is none of the configured issuers.', 'unnamed'),
  issuer_not_accepted: rejected(
    'The issuer is configured, but the override "issuer" of this call does not name it.',
    'unverified',
    'verified',
  ),
  audience_mismatch: rejected(
    'The audience claim ("aud") has none of the option "audience".',
    'unverified',
    'verified',
  ),
  claim_missing: rejected(
    'A claim of "requiredClaims", the audience or one of the profile is missing.',
    'unnamed',
    'unverified',
    'verified',
  ),
  claim_invalid: rejected('A claim of the token has the wrong type or form.', 'unnamed', 'unverified'),
  token_expired: rejected('"exp" is in the past.', 'unnamed', 'unverified', 'verified'),
  token_not_yet_valid: rejected('"nbf" is in the future.', 'unnamed', 'unverified'),
  issued_in_future: rejected('"iat" is in the future.', 'unnamed', 'unverified'),
  // RFC 7800 section 3.1: whoever presents such a token has to prove the key. A module that cannot check the proof and
  // accepts the token would turn it into a bearer token, and a stolen one would work.
  sender_constrained: rejected(
    'The token is bound to a key ("cnf") whose possession was not proven.',
    'unnamed',
    'unverified',
  ),
  // RFC 9449 section 7.1: a token that anybody can use is no better for the scheme that it comes under.
  sender_unconstrained: {
    kind: 'rejected',
    status: 401,
    challenge: 'invalid_token',
    ofRequirement: true,
    meaning:
      'The token is bound to no key ("cnf"), and the scheme DPoP, the option or the route requires one.',
    stages: ['unnamed', 'unverified', 'verified'],
  },
  // RFC 9449 section 4.3: each proof is for one request, one token and one key.
  proof_missing: unproven('The token is bound to a key, and no DPoP proof came with it.'),
  proof_malformed: unproven('What came as DPoP proof is none: its form, its type or its key is wrong.'),
  proof_invalid: unproven(
    'The DPoP proof is for another request, token or key, is too old, or has a bad signature.',
  ),
  proof_replayed: unproven('The DPoP proof was used before.'),
  // RFC 9449 section 9.
  proof_nonce_needed: unproven(
    'The DPoP proof has no nonce of this server, or an old one.',
    'use_dpop_nonce',
  ),
  // RFC 8705 section 3: 401 `invalid_token`, whatever it is that the certificate lacks.
  certificate_missing: rejected(
    'The token is bound to a certificate, and the client has shown none.',
    'verified',
  ),
  certificate_mismatch: rejected('The token is bound to the certificate of another client.', 'verified'),
  certificate_untrusted: rejected(
    'A header with a certificate came from an address that "mtls.trustedProxies" does not have.',
    'verified',
  ),
  certificate_malformed: rejected(
    'A header with a certificate is repeated, or cannot be read in the form of "mtls.certificate".',
    'verified',
  ),
  // RFC 7515 section 5.2, RFC 8725 section 3.3.
  key_not_found: rejected(
    'The key set of the issuer has no key for the header\'s "kid" and "alg".',
    'unverified',
  ),
  signature_invalid: rejected(
    'No key of the issuer that fits the header verifies the signature.',
    'unverified',
  ),
  // The application's own functions said no. That they broke is `check_failed`: it says nothing about the token.
  check_refused: rejected('The application\'s own "validate" check rejected the token.', 'verified'),
  user_refused: rejected('"mapUser" or an override of handleRequest found no user for the token.'),
  scope_missing: denied('The token lacks a scope that the route or the call requires.', 'verified'),
  role_missing: denied('The token lacks a role that the route requires.'),
  claim_not_met: denied('A claim does not meet @RequireClaim of the route.'),
  // RFC 9470 section 3: 401, because another login helps, which an authorization server starts.
  authentication_insufficient: {
    kind: 'rejected',
    status: 401,
    challenge: 'insufficient_user_authentication',
    ofRequirement: true,
    meaning: 'The login of the user is not as strong or as recent as the route requires.',
  },
  actor_not_met: denied(
    'No party, or another one than @RequireActor of the route names, acts for the subject ("act").',
  ),
  delegation_refused: denied(
    'Another party acts for the subject ("act"), which @RefuseDelegated of the route refuses.',
  ),
  details_not_met: denied('The "authorization_details" are not what the route requires.'),
  issuer_not_met: denied('The issuer is none of those that @RequireIssuer of the route names.'),
  // Nothing was decided about the token: these end by themselves, and Retry-After says when another attempt makes sense.
  // What the provider did wrong is in the log; a caller learns no more than that.
  keys_cold: unavailable(
    'A synchronous validation cannot decide with the keys in the cache; they are being fetched.',
    'unnamed',
    'unverified',
  ),
  keys_unavailable: unavailable('The keys of the issuer could not be fetched.', 'unverified'),
  keys_busy: unavailable(
    'The keys of the issuer do not arrive soon enough, or too many requests wait for them ("jwks.maxWaiting").',
    'unnamed',
    'unverified',
  ),
  metadata_unavailable: unavailable('The metadata of the issuer could not be fetched.'),
  provider_unreachable: unavailable('The provider did not answer in time, or with an error status.'),
  provider_response_invalid: unavailable('The provider answered, but not with what was asked for.'),
  // OpenID Connect Discovery 1.0 section 4.3, RFC 8414 section 3.3: otherwise one provider could speak for another. It is
  // no rejection: the tokens may be good, and the provider or the option "issuer" has to be corrected.
  issuer_mismatch: unavailable('The metadata document names another issuer.'),
  url_not_allowed: unavailable('A URL of the provider is not https, or leads into a private network.'),
  no_usable_key: unavailable('The key set holds no key that can verify signatures.'),
  check_failed: unavailable(
    'A function of the application ("validate", "mapUser", "issuers" …) failed.',
    'unnamed',
    'verified',
  ),
  store_unavailable: unavailable(
    'Whether a proof was used before cannot be decided: the store does not answer, or the memory is full.',
    'verified',
  ),
  shutting_down: unavailable('The module is closing.', 'unnamed', 'unverified'),
  aborted: unavailable('The batch was aborted before this token was validated.'),
  // Thrown at start if that is possible, so that a mistake is seen by the person who deploys it.
  options_invalid: misconfigured('An option of the module is wrong.'),
  issuer_ambiguous: misconfigured('Several issuers are configured and none was named.'),
  invalid_override: misconfigured('An override is unknown, or would accept nothing at all.'),
  sync_unavailable: misconfigured(
    'The synchronous validateSync met what answers with a promise: a "validate" hook, or the store.',
    'verified',
  ),
  guard_missing: misconfigured('A decorator reads the token of a request that passed no IdentityAuthGuard.'),
  route_unguarded: misconfigured('A route has requirements, but no IdentityAuthGuard.'),
  testing_in_production: misconfigured('The test kit was started in a process that is not a test.'),
  access_contradiction: misconfigured(
    'Access decorators contradict each other, or one of them has no effect.',
  ),
  module_duplicated: misconfigured(
    'IdentityModule is registered globally more than once, or there are two copies of @nestjs/core or of this package.',
  ),
  transport_unsupported: misconfigured('The guard does not know this kind of request.'),
} as const satisfies Record<string, ErrorRow>;

/** The stable name of an error, in logs, events and metrics. */
export type ErrorCode = keyof typeof TABLE;

/** The errors of requirements of routes. */
export type RequirementCode = {
  [Code in ErrorCode]: (typeof TABLE)[Code] extends { readonly ofRequirement: true } ? Code : never;
}[ErrorCode];

/** The only table of codes; all other code is given a row. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorRow>> = Object.freeze(TABLE);

export const REQUIREMENT_CODES = (Object.keys(ERROR_CODES) as ErrorCode[]).filter(
  (code): code is RequirementCode => ERROR_CODES[code].ofRequirement === true,
);
