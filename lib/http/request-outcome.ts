import type { IdentityError } from '../errors/identity-error.js';
import type { DocumentAnswer } from './document.js';
import type { RequestOutcome } from './request-recorder.js';

/** What came of one attempt. */
export type Outcome =
  | { readonly answer: DocumentAnswer }
  | {
      readonly error: IdentityError;
      readonly transient: boolean;
      readonly status?: number;
      /** @default true */
      readonly wasSent?: boolean;
    };

/** Whether the provider was asked, or would have been: an attempt that ends before counts as none. */
export function wasSent(outcome: Outcome): boolean {
  return !('error' in outcome) || outcome.wasSent !== false;
}

/** What the attempt is counted as. @param isAborted - whether nobody wants the answer any more. */
export function requestOutcome(outcome: Outcome, isAborted: boolean): RequestOutcome {
  if ('answer' in outcome) return outcome.answer.json === undefined ? 'not_modified' : 'ok';
  const { error, status } = outcome;
  if (error.code === 'url_not_allowed') return 'not_allowed';
  // A status came, so the provider was reached: that decides before what was wrong with the body.
  if (status !== undefined) return ofStatus(status);
  if (error.code === 'provider_response_invalid') return 'invalid';
  // An abort of ours looks like a broken connection. Only if nobody wanted the answer any more it is no fault of the provider,
  // and alerts on `network` and `timeout` must not go off for it.
  if (isAborted) return 'aborted';
  return isTimeout(error.cause) ? 'timeout' : 'network';
}

/** The status that came; 200 is the only one that is read. */
export function statusOfOutcome(outcome: Outcome): number | undefined {
  if ('answer' in outcome) return outcome.answer.json === undefined ? 304 : 200;
  return outcome.status;
}

function ofStatus(status: number): RequestOutcome {
  if (status >= 500) return 'server_error';
  if (status >= 400) return 'client_error';
  return status >= 300 ? 'redirect' : 'invalid';
}

/** Our own clock's abort, or one of undici's. */
function isTimeout(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if (cause.name === 'AbortError') return true;
  const code: unknown = Reflect.get(cause, 'code');
  return typeof code === 'string' && /^UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT$/.test(code);
}
