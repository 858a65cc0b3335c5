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

/** The provider answered, and the answer is no use. Not transient: the same request would bring the same answer. */
export function invalid(what: string, why: string): Failure {
  const message = `${what} was not answered with what was asked for: ${why}`;
  return { error: new IdentityError('provider_response_invalid', message), transient: false };
}

/** Nothing was sent. Not transient: only another URL, or another option, changes it. */
export function notAllowed(message: string): Failure {
  return { error: new IdentityError('url_not_allowed', message), transient: false };
}

/** An answer that says, by its status, that the document is not at this URL, or by being a page for people. */
export function saysNoSuchDocument(error: unknown): boolean {
  return error instanceof IdentityError && NO_SUCH_DOCUMENT.has(error);
}

/**
 * Such an answer leads to the next well-known place (RFC 8414 section 3.1). A mark beside the error, not a member of it: what
 * the error says to the application stays the same.
 */
export function markNoSuchDocument<T extends Failure>(failure: T): T {
  NO_SUCH_DOCUMENT.add(failure.error);
  return failure;
}

// Weak: a mark goes with its error.
const NO_SUCH_DOCUMENT = new WeakSet<IdentityError>();
