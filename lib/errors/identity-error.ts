import { printable } from '../model/printable.js';
import { readable } from './readable-error.js';
import { ERROR_CODES, type ErrorCode, type ErrorKind } from './error-codes.js';

export interface IdentityErrorDetails {
  /** The error underneath, kept for the log. */
  readonly cause?: unknown;
  /** Milliseconds after which another attempt makes sense; becomes `Retry-After`. */
  readonly retryAfterMs?: number | undefined;
  /** Name of the claim that decides, never its value. */
  readonly claim?: string | undefined;
  /** The nonce that a DPoP proof needs; becomes `DPoP-Nonce` (RFC 9449 section 9). */
  readonly dpopNonce?: string | undefined;
}

/**
 * The only error this package throws: a stable code and a message for developers and operators.
 * The message never contains a token or a claim value.
 *
 * @example
 * catch (error) {
 *   if (error instanceof IdentityError && error.kind === 'unavailable') return retryIn(error.retryAfterMs ?? 1_000);
 *   throw error;
 * }
 */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  /** Stable code, see docs/reference/errors.md. */
  readonly code: ErrorCode;
  /** Milliseconds after which another attempt makes sense. */
  readonly retryAfterMs: number | undefined;
  /** Name of the claim that decides, where one does. */
  readonly claim: string | undefined;
  /** Of `proof_nonce_needed`: the nonce that the next DPoP proof must have. */
  readonly dpopNonce: string | undefined;

  constructor(code: ErrorCode, message?: string, details: IdentityErrorDetails = {}) {
    super(
      message ?? ERROR_CODES[code].meaning,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.claim = details.claim;
    this.dpopNonce = details.dpopNonce;
  }

  /** `rejected`, `unavailable` or `misconfigured`. */
  get kind(): ErrorKind {
    return ERROR_CODES[this.code].kind;
  }

  /** HTTP status that stands for this error. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

/** A refusal of bytes: most tokens that are refused are refused here, so it spares the stack trace. */
export function refuse(code: ErrorCode, message?: string, details?: IdentityErrorDetails): IdentityError {
  // Capturing a stack costs several times what parsing the token does, and a flood of bad tokens would pay for it each time.
  // Nothing runs in between, so that no other error loses its stack.
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new IdentityError(code, message, details);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** What went wrong, on one line, with the messages of the causes; for logs. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  // Wrapped errors often repeat the message of their cause; each text is said once. The depth is bounded because causes
  // may form a circle.
  for (let at = readable(error), depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    // Texts of OpenSSL end in a line break; what wraps them has lost it.
    const text = (at instanceof Error ? messageOf(at) : 'not an Error object').replaceAll(/\s+/g, ' ').trim();
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    at = at instanceof Error ? readable(at.cause) : undefined;
  }
  // A sentence that its cause follows has not ended.
  return printable(
    parts.map((part, at) => (at < parts.length - 1 ? part.replace(/\.$/, '') : part)).join(': '),
  );
}

function messageOf(error: Error): string {
  if (error.message !== '') return error.message;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : error.name;
}
