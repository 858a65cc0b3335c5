/** Answers after which the same request may well succeed. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUSES.has(status);
}

/** 4xx that say something about the moment, not about the document: too slow, too early, too often. */
const MOMENTARY_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** Whether a status says that a document is not at this URL: providers say so with 400, 401, 403 and 404. */
export function isNoSuchDocument(status: number): boolean {
  return status >= 400 && status < 500 && !MOMENTARY_STATUSES.has(status);
}

// Retries share one deadline with the first attempt; they exist for a cold start, in which a request waits for the answer.
const BASE_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/** Delay before retry number `retry` (from 1): exponential with full jitter. */
export function retryDelayMs(retry: number, random: number): number {
  return Math.min(BASE_DELAY_MS * 2 ** retry, MAX_DELAY_MS) * random;
}

/** `Retry-After` in milliseconds, seconds or HTTP date (RFC 9110 section 10.2.3); undefined where unreadable. */
export function readRetryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  // "undefined" is none of the forms.
  const text = String(value);
  // Nine digits are 31 years: enough for every honest answer, and far below the largest safe integer.
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  // All forms mean UTC, but the oldest one does not say so; the others may say it twice.
  const at = Date.parse(`${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
