import { readable } from '../errors/readable-error.js';
import { readHeaderValues } from '../options/http-kinds.js';
import type { HttpSettings } from '../options/http-settings.js';
import type { HeaderValues } from '../options/options.types.js';

/** The function `http.headers` of the application failed, or was too slow. */
export class HeadersError extends Error {
  override readonly name = 'HeadersError';
}

const NONE: HeaderValues = Object.freeze({});

/** Whether a URL gets the headers and the client certificate of the configuration: they are secrets. */
export function getsCredentials(url: URL, settings: Pick<HttpSettings, 'credentialOrigins'>): boolean {
  return settings.credentialOrigins.includes(url.origin);
}

/** Whether there are headers that a URL does not get. */
export function withholdsHeaders(url: URL, settings: HttpSettings): boolean {
  const { headers } = settings;
  const hasSome = typeof headers === 'function' || Object.keys(headers).length > 0;
  return hasSome && !getsCredentials(url, settings);
}

/**
 * The headers of the configuration for one request; a function is asked each time.
 *
 * @param signal - ends the wait for a function.
 * @throws {HeadersError} without what the function said, which may be a secret; its error is the cause.
 */
export async function headersFor(
  url: URL,
  settings: HttpSettings,
  signal: AbortSignal,
): Promise<HeaderValues> {
  // Metadata names the URL of the key set. Without this check a provider, or whoever can write its metadata, could have an
  // API key sent to a host of its choice.
  if (!getsCredentials(url, settings)) return NONE;
  const { headers } = settings;
  if (typeof headers !== 'function') return headers;
  let answer: unknown;
  try {
    answer = await within(signal, async () => headers());
  } catch (thrown) {
    const error = readable(thrown);
    if (error instanceof HeadersError) throw error;
    throw new HeadersError('it threw', { cause: error });
  }
  const values = readHeaderValues(answer);
  if (values === undefined) {
    throw new HeadersError('it must answer an object of header names with values of printable ASCII');
  }
  return values;
}

/** A function of the application may hang. Its promise is left alone then; its late answer changes nothing. */
async function within<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  let stop!: () => void;
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(new HeadersError('it did not answer in time'));
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    return await Promise.race([late, run()]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
