import type { ChallengeParameters } from '../errors/challenge.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';

/** A token that meets everything, and the user that it stands for. */
export interface Authenticated {
  readonly kind: 'authenticated';
  readonly validated: ValidatedToken;
  /** What `mapUser` made of the token for this call; the claims without one. */
  readonly user: unknown;
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
