import { readFreshnessMs } from './freshness.js';

type Headers = Readonly<Record<string, string>>;

/** Where a document came from, and what its next fetch needs to know. */
export interface DocumentSource {
  readonly url: string;
  /** The fields of the answer that outlive it (RFC 9111 sections 3.2, 4.3.1), by name in lower case. */
  readonly kept: Headers;
}

/** What a document was made into, and where it came from. */
export interface CachedDocument<T> {
  readonly value: T;
  /** undefined for what the configuration holds. */
  readonly source: DocumentSource | undefined;
}

/** The answer to a conditional request (RFC 9110 section 13). */
export interface DocumentAnswer {
  /** undefined where the document that is known still holds: 304. */
  readonly json: { readonly body: unknown } | undefined;
  readonly source: DocumentSource;
  /** How long it is fresh by its own account. */
  readonly freshnessMs: number | undefined;
}

const KEPT = ['cache-control', 'expires', 'date', 'etag', 'last-modified'] as const;

/** A validator goes back as a request header: only what may stand there, and is not too long. */
const VALIDATOR = /^[\x20-\x7e]{1,512}$/;

/** The request headers that ask for a document only where it has changed. */
export function conditionsOf(previous: DocumentSource | undefined, url: string): Headers {
  if (previous === undefined || previous.url !== url) return {};
  const { etag, 'last-modified': lastModified } = previous.kept;
  return {
    ...(etag !== undefined && VALIDATOR.test(etag) ? { 'if-none-match': etag } : {}),
    ...(lastModified !== undefined && VALIDATOR.test(lastModified)
      ? { 'if-modified-since': lastModified }
      : {}),
  };
}

/** A complete answer. */
export function completeAnswer(url: string, body: unknown, headers: Headers, nowMs: number): DocumentAnswer {
  return {
    json: { body },
    source: { url, kept: keep(headers) },
    freshnessMs: readFreshnessMs(headers, nowMs),
  };
}

/** A 304: what it says anew stands in front of what the known answer said (RFC 9111 section 3.2). */
export function renewedAnswer(previous: DocumentSource, headers: Headers, nowMs: number): DocumentAnswer {
  const { date: _, ...before } = previous.kept;
  const merged = { ...before, ...headers };
  return {
    json: undefined,
    source: { url: previous.url, kept: keep(merged) },
    freshnessMs: readFreshnessMs(merged, nowMs),
  };
}

function keep(headers: Headers): Headers {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
