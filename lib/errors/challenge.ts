import { ERROR_CODES, type ChallengeError } from './error-codes.js';
import type { IdentityError } from './identity-error.js';

/** By name, such as `scope` (RFC 6750 section 3). `error` takes the place of the one that belongs to the code. */
export type ChallengeParameters = Readonly<Record<string, string>>;

export interface ChallengeContext {
  /** RFC 9110 section 11.5 `realm`; from configuration. */
  readonly realm: string;
  /** RFC 9728 section 5.1 `resource_metadata`; from configuration. */
  readonly resourceMetadataUrl?: string | undefined;
  /** What the unmet requirement of the route adds, such as `scope` (RFC 6750 section 3). */
  readonly parameters?: ChallengeParameters | undefined;
}

/** Errors that another scope would not mend. A `scope` beside them would send clients after rights that they may have already. */
const ABOUT_THE_TOKEN: ReadonlySet<ChallengeError> = new Set(['invalid_request', 'invalid_token']);

/**
 * The `WWW-Authenticate` value for a fault (RFC 6750 section 3), undefined where it has none.
 * It is made of constants and configuration only: nothing that came with the request goes in.
 */
export function buildChallenge(error: IdentityError, context: ChallengeContext): string | undefined {
  const row = ERROR_CODES[error.code];
  if (row.kind !== 'rejected') return undefined;
  const parts = [`realm=${quote(context.realm)}`];
  const { error: another, ...parameters } = context.parameters ?? {};
  if (row.challenge !== undefined) parts.push(`error=${quote(another ?? row.challenge)}`);
  if (row.challenge === 'invalid_token') {
    // RFC 6750 section 3: for developers, in words that tell a guesser nothing beyond what the client may know anyway. Which
    // check failed stays in the log: an attacker would learn from it which part of a forged token to mend next.
    const what = error.code === 'token_expired' ? 'expired' : 'invalid';
    parts.push(`error_description="The access token is ${what}"`);
  }
  if (row.challenge === 'insufficient_user_authentication') {
    parts.push('error_description="A stronger or more recent authentication is required"');
  }
  // What is wrong with the token itself does not depend on the route: no parameter of it helps.
  if (row.challenge === undefined || !ABOUT_THE_TOKEN.has(row.challenge)) {
    for (const [name, value] of Object.entries(parameters)) parts.push(`${name}=${quote(value)}`);
  }
  if (context.resourceMetadataUrl !== undefined) {
    parts.push(`resource_metadata=${quote(context.resourceMetadataUrl)}`);
  }
  // The scheme comes first and stands alone: several parameters of one challenge are separated by commas (RFC 9110 section 11.6.1).
  return `Bearer ${parts.join(', ')}`;
}

/** RFC 9110 section 5.6.4 quoted-string; options are checked to be printable ASCII at start. */
function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** `Retry-After` in whole seconds (RFC 9110 section 10.2.3), at least one. */
export function retryAfterSeconds(error: IdentityError): string {
  const seconds = Math.ceil((error.retryAfterMs ?? 1000) / 1000);
  return String(Number.isSafeInteger(seconds) ? Math.max(1, seconds) : 1);
}
