import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode } from './error-codes.js';

/** What each error is about: the option, claim, header, decorator or part that its reader has to look at. */
const SUBJECTS = {
  token_missing: /Bearer token/,
  authorization_malformed: /Authorization header/,
  token_too_large: /maxTokenBytes/,
  token_malformed: /compact JWS/,
  header_unsupported: /"crit", "b64"/,
  algorithm_not_allowed: /"alg".*"algorithms"/,
  token_type_not_accepted: /"typ".*"tokenTypes"/,
  not_an_access_token: /claim.*ID, refresh or logout token/,
  issuer_unknown: /"iss"/,
  issuer_not_accepted: /override "issuer"/,
  audience_mismatch: /"aud".*"audience"/,
  claim_missing: /"requiredClaims"/,
  claim_invalid: /claim/,
  token_expired: /"exp"/,
  token_not_yet_valid: /"nbf"/,
  issued_in_future: /"iat"/,
  sender_constrained: /"cnf"/,
  sender_unconstrained: /"cnf"/,
  proof_missing: /DPoP proof/,
  proof_malformed: /DPoP proof/,
  proof_invalid: /DPoP proof/,
  proof_replayed: /DPoP proof/,
  proof_nonce_needed: /DPoP proof.*nonce/,
  certificate_missing: /certificate/,
  certificate_mismatch: /certificate of another client/,
  certificate_untrusted: /"mtls.trustedProxies"/,
  certificate_malformed: /"mtls.certificate"/,
  key_not_found: /"kid" and "alg"/,
  signature_invalid: /signature/,
  check_refused: /"validate"/,
  user_refused: /"mapUser"/,
  scope_missing: /scope/,
  role_missing: /role/,
  claim_not_met: /@RequireClaim/,
  authentication_insufficient: /login of the user/,
  actor_not_met: /@RequireActor/,
  delegation_refused: /@RefuseDelegated/,
  details_not_met: /"authorization_details"/,
  issuer_not_met: /@RequireIssuer/,
  keys_cold: /synchronous validation.*keys/,
  keys_unavailable: /keys of the issuer/,
  keys_busy: /keys of the issuer.*"jwks\.maxWaiting"/,
  metadata_unavailable: /metadata of the issuer/,
  provider_unreachable: /provider/,
  provider_response_invalid: /provider answered/,
  issuer_mismatch: /metadata document/,
  url_not_allowed: /URL of the provider/,
  no_usable_key: /key set/,
  check_failed: /"validate", "mapUser", "issuers"/,
  store_unavailable: /proof.*store/,
  shutting_down: /module is closing/,
  aborted: /batch/,
  options_invalid: /option/,
  issuer_ambiguous: /issuers/,
  invalid_override: /override/,
  sync_unavailable: /validateSync.*"validate"/,
  guard_missing: /IdentityAuthGuard/,
  route_unguarded: /IdentityAuthGuard/,
  testing_in_production: /test kit/,
  access_contradiction: /decorators contradict each other/,
  module_duplicated: /IdentityModule/,
  transport_unsupported: /guard/,
} satisfies Partial<Record<ErrorCode, RegExp>>;

describe('ERROR_CODES', () => {
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s says what it is about', (code) => {
    expect(SUBJECTS).toHaveProperty(code);
    const { meaning } = ERROR_CODES[code];
    expect(meaning).toMatch((SUBJECTS as Partial<Record<ErrorCode, RegExp>>)[code] as RegExp);
    expect(meaning).toMatch(/^["A-Z][^\n]{10,140}\.$/);
  });
});
