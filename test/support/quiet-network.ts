import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';

/** After the last answer: what is made of it, and which request follows from it. */
const QUIET_MS = 8;
/** While an answer is kept back nothing says that anything else will come. */
const KEPT_BACK_MS = 15;
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
 * Resolves when the requests under way have been answered, apart from those that a provider keeps waiting, and at
 * once if there are none. A fixed time would be too long for most, and too short on a busy machine.
 */
export async function quietNetwork(): Promise<void> {
  const startMs = performance.now();
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (inFlight.size === 0) return;
  let busyAtMs = startMs;
  for (let nowMs = startMs; nowMs - startMs < LIMIT_MS; nowMs = performance.now()) {
    if (inFlight.size > keptBack.size) busyAtMs = nowMs;
    else if (nowMs - busyAtMs >= (keptBack.size > 0 ? KEPT_BACK_MS : QUIET_MS)) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function requestOf(message: unknown): unknown {
  return (message as { request: unknown }).request;
}
