import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';

/** What the module does by itself before its next request, and with an answer. */
const QUIET_MS = 15;
/** A process that gets no processor lets time pass and does nothing: it must have had its turns, too. */
const QUIET_TURNS = 8;
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
 * Resolves when requests under way are answered, and what the module does next has been done, as far as it takes turns of
 * the event loop and no time.
 */
export async function answersArrived(): Promise<void> {
  const startMs = performance.now();
  for (let quiet = 0; quiet < QUIET_TURNS && performance.now() - startMs < LIMIT_MS;) {
    await new Promise((resolve) => setImmediate(resolve));
    quiet = isNetworkBusy() ? 0 : quiet + 1;
  }
}

/** Whether a request is under way, apart from those that a provider keeps waiting; or has ended, which the provider has not seen yet. */
export function isNetworkBusy(): boolean {
  return inFlight.size !== keptBack.size;
}

/**
 * Resolves when no request has been under way for a moment, apart from those that a provider keeps waiting. A fixed time
 * alone is too short on a busy machine.
 */
export async function quietNetwork(): Promise<void> {
  const startMs = performance.now();
  let busyAtMs = startMs;
  let turns = 0;
  for (let nowMs = startMs; nowMs - startMs < LIMIT_MS; nowMs = performance.now()) {
    const isBusy = isNetworkBusy();
    if (isBusy) busyAtMs = nowMs;
    else if (turns >= QUIET_TURNS && nowMs - busyAtMs >= QUIET_MS) return;
    turns = isBusy ? 0 : turns + 1;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

function requestOf(message: unknown): unknown {
  return (message as { request: unknown }).request;
}
