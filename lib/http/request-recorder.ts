/**
 * How a request to a provider ended. `invalid`: an answer that cannot be used; `network`: no connection or
 * a broken one; `aborted`: the answer was no longer needed; `not_allowed`: the URL, nothing was sent.
 */
export const REQUEST_OUTCOMES = [
  'ok',
  'not_modified',
  'redirect',
  'client_error',
  'server_error',
  'invalid',
  'timeout',
  'network',
  'aborted',
  'not_allowed',
] as const;
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/** One request to a provider, each attempt on its own. */
export interface RequestRecord {
  /** The name of a document of the provider, as it is registered for metrics: `discovery`, `jwks`. */
  readonly endpoint: string;
  readonly url: string;
  readonly outcome: RequestOutcome;
  /** Of the last answer; undefined where there was none. */
  readonly status: number | undefined;
  readonly durationMs: number;
}

/** Who counts requests. */
export interface RequestRecorder {
  recordRequest(request: RequestRecord): void;
}
