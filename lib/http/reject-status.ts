import { invalid, markNoSuchDocument, unreachable } from './failures.js';
import { redirectMessage } from './failure-messages.js';
import type { HttpSettings } from '../options/http-settings.js';
import { withholdsHeaders } from './request-headers.js';
import type { Outcome } from './request-outcome.js';
import { isNoSuchDocument, isTransientStatus, readRetryAfterMs } from './retry.js';
import type { Arrived } from './read-document.js';

/** What an answer with another status means. */
export function rejectStatus({ url, what, status, headers, atMs }: Arrived, settings: HttpSettings): Outcome {
  if (status >= 300 && status < 400) {
    return { ...invalid(what, redirectMessage(url, status, headers['location'])), status };
  }
  const retryAfterMs = readRetryAfterMs(headers['retry-after'], atMs);
  const withheld =
    status >= 400 && status < 500 && withholdsHeaders(url, settings)
      ? `; "http.headers" were not sent, because ${url.origin} is not the origin of the issuer (http.credentialOrigins)`
      : '';
  const failure = unreachable(what, `status ${String(status)}${withheld}`, {
    transient: isTransientStatus(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  return { ...(isNoSuchDocument(status) ? markNoSuchDocument(failure) : failure), status };
}

/** Where a redirect leads, if it stays on its origin. */
export function redirectTarget(from: URL, location: string | undefined): string | undefined {
  if (location === undefined || !URL.canParse(location, from.href)) return undefined;
  const target = new URL(location, from);
  return target.origin === from.origin ? target.href : undefined;
}
