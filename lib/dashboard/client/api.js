import { describeHttpError, UNREACHABLE } from './http-errors.js';

/** @import { Problem } from './http-errors.js' */

/** Seen from this file, wherever the page is mounted. */
const DATA = new URL('../data/', import.meta.url);

/** The server said no, or nothing. */
export class ApiError extends Error {
  /**
   * @param {Problem} problem
   * @param {unknown} [body]
   */
  constructor(problem, body) {
    super(problem.text);
    this.problem = problem;
    this.body = body;
  }
}

/** Requests for data. The token is held here and nowhere else. */
export class Api {
  /** @type {string | undefined} */
  #token;

  /** @param {'token' | 'guard'} mode */
  constructor(mode) {
    this.mode = mode;
  }

  get hasToken() {
    return this.#token !== undefined;
  }

  /** @param {string | undefined} token */
  use(token) {
    this.#token = token;
  }

  /**
   * The stream of events; its body has just begun.
   *
   * @param {AbortSignal} signal
   */
  async open(signal) {
    const headers = { Accept: 'text/event-stream', 'X-Identity-Dashboard': '1' };
    const response = await this.#request('events', { signal, headers });
    if (response.body === null) throw new ApiError(UNREACHABLE);
    return response.body;
  }

  /**
   * @param {'refresh' | 'replace-keys' | 'explain'} path
   * @param {object} body
   * @returns {Promise<unknown>}
   */
  async post(path, body) {
    const headers = { 'Content-Type': 'application/json', 'X-Identity-Dashboard': '1' };
    const response = await this.#request(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  }

  /**
   * @param {string} path
   * @param {Omit<RequestInit, 'headers'> & { readonly headers: Readonly<Record<string, string>> }} init
   */
  async #request(path, init) {
    const headers =
      this.#token === undefined ? init.headers : { ...init.headers, Authorization: `Bearer ${this.#token}` };
    /** @type {Response} */
    let response;
    try {
      response = await fetch(new URL(path, DATA), { ...init, headers, cache: 'no-store', redirect: 'error' });
    } catch {
      throw new ApiError(UNREACHABLE);
    }
    if (response.ok) return response;
    const body = await readBody(response);
    const challenge = response.headers.get('WWW-Authenticate') ?? '';
    throw new ApiError(
      describeHttpError({ status: response.status, code: memberOf(body, 'code'), challenge }, this.mode),
      body,
    );
  }
}

/**
 * @param {unknown} body
 * @param {string} name
 * @returns {string | undefined}
 */
export function memberOf(body, name) {
  if (typeof body !== 'object' || body === null) return undefined;
  const value = /** @type {Readonly<Record<string, unknown>>} */ (body)[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * @param {Response} response
 * @returns {Promise<unknown>}
 */
async function readBody(response) {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}
