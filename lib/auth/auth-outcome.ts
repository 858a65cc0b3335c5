import type { ChallengeParameters } from '../errors/challenge.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import type { ValidatedToken } from '../model/token.js';
import type { AuthAttempt } from './auth-attempt.js';

/** A token that meets everything, and the user that it stands for. */
export interface Authenticated {
  readonly kind: 'authenticated';
  readonly validated: ValidatedToken;
  /** The protected resource that the route belongs to; undefined if none is configured. */
  readonly resource: string | undefined;
  /** What `mapUser` made of the token for this call; the claims without one. */
  readonly user: unknown;
  /** What the token came with. */
  readonly credentials: Credentials;
}

/** Why a call is not let in, and what the answer, the counters and the log need to know about it. */
export interface Denial {
  readonly kind: 'denied';
  /** An IdentityError, or an exception of the application's own. */
  readonly error: unknown;
  /** Why the token was not accepted, if an override of `handleRequest` answered with an exception of its own. */
  readonly cause?: IdentityError | undefined;
  /** The token, if a validation accepted it: then it is the route that denies access. */
  readonly validated?: ValidatedToken | undefined;
  /** How the token came; undefined if there was none, or if that is not known. */
  readonly scheme?: Credentials['scheme'] | undefined;
  /** Parameters of the challenge that the unmet requirement names. */
  readonly challenge?: ChallengeParameters | undefined;
  /** The application's part of which the log must tell, because the answer does not. */
  readonly broken?: 'requirement' | 'handleRequest' | undefined;
}

export type AuthOutcome = Authenticated | Denial;

export function denied(error: unknown, details?: Omit<Denial, 'kind' | 'error'>): Denial {
  return { kind: 'denied', error, ...details };
}

/** Whether a value stands for somebody. Passport, and guards in the form of Nest's documentation, take every falsy one for none. */
export function isUser(user: unknown): boolean {
  return Boolean(user);
}

/** What the strategy found out, for a denial that something else led to. */
export function detailsOf(outcome: AuthOutcome | undefined): Omit<Denial, 'kind' | 'error'> {
  if (outcome === undefined) return {};
  if (outcome.kind === 'authenticated') {
    return { validated: outcome.validated, scheme: outcome.credentials.scheme };
  }
  const { kind: _, error, ...details } = outcome;
  return { ...details, cause: error instanceof IdentityError ? error : undefined };
}

/**
 * `handleRequest` returned no user: a valid token is denied access then, too.
 *
 * @param guard - its name, for the message.
 */
export function withoutUser(guard: string, { plan }: AuthAttempt, outcome: AuthOutcome | undefined): Denial {
  if (outcome?.kind === 'authenticated') {
    const error = refuse('user_refused', `handleRequest of ${guard} returned no user.`);
    return denied(error, { ...detailsOf(outcome), broken: 'handleRequest' });
  }
  const { cause = new IdentityError('token_missing'), ...details } = detailsOf(outcome);
  return denied(cause, plan.requirements.length > 0 ? details : { ...details, broken: 'handleRequest' });
}
