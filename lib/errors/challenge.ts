import { ERROR_CODES, type ChallengeError } from './error-codes.js';
import type { IdentityError } from './identity-error.js';

/** By name, such as `scope` (RFC 6750 section 3). `error` takes the place of the one that belongs to the code. */
export type ChallengeParameters = Readonly<Record<string, string>>;

/** A scheme of authentication that clients may use, with the parameters that its challenge has in any case. */
export interface ChallengeScheme {
  readonly name: 'Bearer' | 'DPoP';
  /** RFC 9449 section 7.1 `algs`: what proofs may be signed with, separated by spaces. */
  readonly algs?: string | undefined;
}

export interface ChallengeContext {
  /** RFC 9110 section 11.5 `realm`; from configuration. */
  readonly realm: string;
  /** RFC 9728 section 5.1 `resource_metadata`; from configuration. */
  readonly resourceMetadataUrl?: string | undefined;
  /** What the unmet requirement of the route adds, such as `scope` (RFC 6750 section 3). */
  readonly parameters?: ChallengeParameters | undefined;
  /** At least one. @default Bearer alone */
  readonly schemes?: readonly ChallengeScheme[] | undefined;
  /** The scheme that the request used. @default the first one */
  readonly used?: ChallengeScheme['name'] | undefined;
}

/** Errors that another scope would not mend. A `scope` beside them would send clients after rights that they may have already. */
const ABOUT_THE_TOKEN: ReadonlySet<ChallengeError> = new Set([
  'invalid_request',
  'invalid_token',
  'invalid_dpop_proof',
  'use_dpop_nonce',
]);

/**
 * RFC 6750 section 3: for developers, in words that tell a guesser nothing beyond what the client may know anyway. Which check failed
 * stays in the log: an attacker would learn from it which part of a forged token to mend next.
 */
const DESCRIPTIONS: Partial<Record<ChallengeError, string>> = {
  invalid_token: 'The access token is invalid',
  insufficient_user_authentication: 'A stronger or more recent authentication is required',
  invalid_dpop_proof: 'The DPoP proof is missing or invalid',
  use_dpop_nonce: 'The DPoP proof needs the nonce of this server',
};

const BEARER: readonly ChallengeScheme[] = [{ name: 'Bearer' }];

/**
 * The `WWW-Authenticate` values for a fault, one for each scheme that clients may use (RFC 6750 section 3, RFC 9449 section 7.2); none
 * where it has no challenge. What is wrong is said at the scheme that was used. They are made of constants and configuration only:
 * nothing that came with the request goes in.
 */
export function buildChallenges(error: IdentityError, context: ChallengeContext): readonly string[] {
  if (ERROR_CODES[error.code].kind !== 'rejected') return [];
  const { schemes = BEARER, used } = context;
  // If the one that was used is not accepted at all, the one that is says what was wrong.
  const at = Math.max(
    0,
    schemes.findIndex(({ name }) => name === used),
  );
  return schemes.map((scheme, index) => buildChallenge(error, context, scheme, index === at));
}

function buildChallenge(
  error: IdentityError,
  context: ChallengeContext,
  { name, algs }: ChallengeScheme,
  saysWhatIsWrong: boolean,
): string {
  const { challenge } = ERROR_CODES[error.code];
  const parts = [`realm=${quote(context.realm)}`];
  const { error: another, ...parameters } = context.parameters ?? {};
  if (saysWhatIsWrong && challenge !== undefined) {
    parts.push(`error=${quote(another ?? challenge)}`);
    const description =
      error.code === 'token_expired' ? 'The access token is expired' : DESCRIPTIONS[challenge];
    if (description !== undefined) parts.push(`error_description=${quote(description)}`);
  }
  // What is wrong with the token itself does not depend on the route: no parameter of it helps.
  if (challenge === undefined || (saysWhatIsWrong && !ABOUT_THE_TOKEN.has(challenge))) {
    for (const [parameter, value] of Object.entries(parameters)) parts.push(`${parameter}=${quote(value)}`);
  }
  if (algs !== undefined) parts.push(`algs=${quote(algs)}`);
  if (context.resourceMetadataUrl !== undefined) {
    parts.push(`resource_metadata=${quote(context.resourceMetadataUrl)}`);
  }
  // The scheme comes first and stands alone: several parameters of one challenge are separated by commas (RFC 9110 section 11.6.1).
  return `${name} ${parts.join(', ')}`;
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
