import { ApiError } from './api.js';
import { readEvents } from './events.js';
import { OVER, UNREACHABLE } from './http-errors.js';

/** @import { Api } from './api.js' */
/** @import { StreamedEvent } from './events.js' */
/** @import { Problem } from './http-errors.js' */

/**
 * @typedef {object} LiveHandlers
 * @property {(event: StreamedEvent) => void} onEvent
 * @property {(problem: Problem | undefined) => void} onConnection - undefined when data arrives.
 */

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** The server tells something every two seconds: after this long nobody is there. */
const MAX_SILENCE_MS = 15_000;

/**
 * Follows the stream until it is over for good, or `signal` says so. It comes back by itself, later and later,
 * and not together with all other pages.
 *
 * @param {Api} api
 * @param {LiveHandlers} handlers
 * @param {AbortSignal} signal
 */
export async function follow(api, handlers, signal) {
  for (let failures = 0; !signal.aborted;) {
    const { problem, hasArrived } = await readOnce(api, handlers, signal);
    if (isAborted(signal)) return;
    failures = hasArrived ? 0 : failures + 1;
    if (problem === undefined) continue;
    handlers.onConnection(problem);
    if (problem.isFinal) return;
    await pause(Math.min(FIRST_DELAY_MS * 2 ** failures, MAX_DELAY_MS) * (0.5 + Math.random() / 2), signal);
  }
}

/** @param {AbortSignal} signal */
function isAborted(signal) {
  return signal.aborted;
}

/**
 * One stream, to its end.
 *
 * @param {Api} api
 * @param {LiveHandlers} handlers
 * @param {AbortSignal} signal
 * @returns {Promise<{ problem: Problem | undefined, hasArrived: boolean }>} no problem: the server asks to be asked again.
 */
async function readOnce(api, handlers, signal) {
  const silence = new AbortController();
  const either = AbortSignal.any([signal, silence.signal]);
  let timer = setTimeout(() => silence.abort(), MAX_SILENCE_MS);
  let hasArrived = false;
  try {
    for await (const event of readEvents(await api.open(either), either)) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), MAX_SILENCE_MS);
      if (event.event === 'end') return { problem: problemOf(event.data, api.mode), hasArrived };
      if (!hasArrived) handlers.onConnection(undefined);
      hasArrived = true;
      handlers.onEvent(event);
    }
    return { problem: UNREACHABLE, hasArrived };
  } catch (error) {
    return { problem: error instanceof ApiError ? error.problem : UNREACHABLE, hasArrived };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {unknown} end
 * @param {'token' | 'guard'} mode
 */
function problemOf(end, mode) {
  const { reason } = /** @type {{ reason?: string }} */ (end);
  if (reason === 'renew') return undefined;
  return reason === 'expired' ? OVER[mode] : UNREACHABLE;
}

/**
 * Ends early when the network is back or somebody looks at the page again.
 *
 * @param {number} ms
 * @param {AbortSignal} signal
 */
async function pause(ms, signal) {
  const done = new AbortController();
  const wake = () => done.abort();
  const look = () => {
    if (!document.hidden) wake();
  };
  const timer = setTimeout(wake, ms);
  signal.addEventListener('abort', wake, { signal: done.signal });
  window.addEventListener('online', wake, { signal: done.signal });
  document.addEventListener('visibilitychange', look, { signal: done.signal });
  await new Promise((resolve) => done.signal.addEventListener('abort', resolve));
  clearTimeout(timer);
}
