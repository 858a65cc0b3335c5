import { IdentityError } from '../errors/identity-error.js';
import type { Outcome } from './request-outcome.js';

type Failure = Extract<Outcome, { readonly error: IdentityError }>;

/** @param what - what was asked for, and through which proxy: `GET https://…`. */
export function unreachable(
  what: string,
  why: string,
  details: { transient: boolean; cause?: unknown; retryAfterMs?: number },
): Failure {
  const error = new IdentityError('provider_unreachable', `${what} failed: ${why}`, details);
  return { error, transient: details.transient };
}

export function invalid(what: string, why: string): Failure {
  const message = `${what} was not answered with what was asked for: ${why}`;
  return { error: new IdentityError('provider_response_invalid', message), transient: false };
}

export function notAllowed(message: string): Failure {
  return { error: new IdentityError('url_not_allowed', message), transient: false };
}

/** An answer that says, by its status, that the document is not at this URL, or by being a page for people. */
export function saysNoSuchDocument(error: unknown): boolean {
  return error instanceof IdentityError && NO_SUCH_DOCUMENT.has(error);
}

export function markNoSuchDocument<T extends Failure>(failure: T): T {
  NO_SUCH_DOCUMENT.add(failure.error);
  return failure;
}

const NO_SUCH_DOCUMENT = new WeakSet<IdentityError>();
