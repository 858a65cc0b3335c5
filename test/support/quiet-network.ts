import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';

/** What the module does by itself before its next request, and with an answer. */
const QUIET_MS = 15;
const LIMIT_MS = 2_000;

/** Requests of this process that have not ended. */
const inFlight = new Set<unknown>();
/** Answers that a provider keeps back, or has begun and not ended. */
const keptBack = new Set<ServerResponse>();

subscribe('undici:request:create', (message) => inFlight.add(requestOf(message)));
subscribe('undici:request:trailers', (message) => inFlight.delete(requestOf(message)));
subscribe('undici:request:error', (message) => inFlight.delete(requestOf(message)));

/** Says of an answer, once its handler has run, whether the other side has to wait for it. */
export function noteAnswer(response: ServerResponse): void {
  if (response.writableEnded || response.destroyed) return;
  keptBack.add(response);
  response.once('close', () => keptBack.delete(response));
}

/**
 * Resolves when no request has been under way for a moment, apart from those that a provider keeps waiting. A fixed time
 * alone is too short on a busy machine.
 */
export async function quietNetwork(): Promise<void> {
  const startMs = performance.now();
  let busyAtMs = startMs;
  for (let nowMs = startMs; nowMs - startMs < LIMIT_MS; nowMs = performance.now()) {
    if (inFlight.size > keptBack.size) busyAtMs = nowMs;
    else if (nowMs - busyAtMs >= QUIET_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

function requestOf(message: unknown): unknown {
  return (message as { request: unknown }).request;
}
