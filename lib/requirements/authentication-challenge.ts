import type { ChallengeParameters } from '../errors/challenge.js';
import type { StepUp } from '../options/options.types.js';

/** What a client must ask the provider for; what is met already is left out. */
export interface MissingAuthentication {
  readonly acr: readonly string[];
  readonly maxAgeMs: number | undefined;
}

/**
 * Parameters of the challenge: `acr_values`, in the order of preference, and `max_age` in seconds (RFC 9470 section 3). Entra ID
 * does not know these: its clients hand on a claims request (OpenID Connect Core section 5.5) in base64.
 */
export function authenticationChallenge(
  stepUp: StepUp,
  { acr, maxAgeMs }: MissingAuthentication,
): ChallengeParameters {
  if (stepUp === 'entra' && acr.length > 0) {
    return { error: 'insufficient_claims', cc_type: 'authcontext', claims: claimsRequest(acr) };
  }
  return {
    ...(acr.length > 0 && { acr_values: acr.join(' ') }),
    ...(maxAgeMs !== undefined && { max_age: String(maxAgeMs / 1000) }),
  };
}

function claimsRequest(acr: readonly string[]): string {
  const acrs = acr.length === 1 ? { essential: true, value: acr[0] } : { essential: true, values: acr };
  return Buffer.from(JSON.stringify({ access_token: { acrs } })).toString('base64');
}
