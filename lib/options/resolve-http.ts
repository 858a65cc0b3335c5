import { readFileSync } from 'node:fs';
import { describeError } from '../errors/identity-error.js';
import type { HttpSettings, TlsOptions } from '../http/http-settings.js';
import { parseUrl } from '../http/url-policy.js';
import { isJsonObject } from '../model/json.js';
import type { OptionReader } from './option-reader.js';

const HTTP_NAMES = [
  'timeoutMs',
  'deadlineMs',
  'retries',
  'maxConnections',
  'keepAliveMs',
  'maxResponseBytes',
  'allowInsecureOrigins',
  'tls',
  'headers',
  'dispatcher',
  'proxy',
  'followRedirects',
] as const;
const HTTP_HINTS = { timeout: 'unknown option; durations are in milliseconds: "timeoutMs"' };
const TLS_NAMES = ['ca', 'cert', 'key', 'pfx', 'passphrase'] as const;
const TLS_HINTS = {
  rejectUnauthorized:
    'certificates are always verified; give the authority that signed the provider\'s in "ca" instead',
};

const HTTP_DEFAULTS = Object.freeze({
  timeoutMs: 5_000,
  deadlineMs: 10_000,
  retries: 2,
  maxConnections: 100,
  keepAliveMs: 60_000,
  maxResponseBytes: 524_288,
});

/** The settings before any option was read. */
export function defaultHttp(timeoutMs: number, ca: string | undefined): HttpSettings {
  return {
    ...HTTP_DEFAULTS,
    timeoutMs,
    allowInsecureOrigins: Object.freeze([]),
    followRedirects: false,
    headers: Object.freeze({}),
    tls: ca === undefined ? undefined : Object.freeze({ ca }),
    dispatcher: undefined,
    proxy: undefined,
  };
}

/** `http` of the module or of one issuer, over what stands above it. */
export function resolveHttp(parent: OptionReader, base: HttpSettings): HttpSettings {
  if (!parent.has('http')) return base;
  const reader = parent.nested('http', HTTP_NAMES, HTTP_HINTS);
  const dispatcher = readDispatcher(reader) ?? base.dispatcher;
  if (dispatcher !== undefined) {
    for (const name of ['tls', 'proxy', 'maxConnections', 'keepAliveMs']) {
      if (reader.has(name))
        reader.problem(name, 'has no effect beside "dispatcher"; set it on the dispatcher');
    }
  }
  return Object.freeze({
    timeoutMs: reader.duration('timeoutMs', base.timeoutMs, 1),
    deadlineMs: reader.duration('deadlineMs', base.deadlineMs, 1),
    retries: reader.number('retries', base.retries, { min: 0, max: 10, integer: true }),
    maxConnections: reader.count('maxConnections', base.maxConnections),
    keepAliveMs: reader.duration('keepAliveMs', base.keepAliveMs, 1),
    maxResponseBytes: reader.count('maxResponseBytes', base.maxResponseBytes),
    allowInsecureOrigins: readOrigins(reader) ?? base.allowInsecureOrigins,
    followRedirects: reader.boolean('followRedirects', base.followRedirects),
    headers: readHeaders(reader) ?? base.headers,
    tls: readTls(reader, base.tls) ?? base.tls,
    dispatcher,
    proxy: readProxy(reader) ?? base.proxy,
  });
}

/** `HTTP_TIMEOUT` of the environment, in seconds, as milliseconds. */
export function readTimeoutFromEnvironment(
  value: string | undefined,
  refuse: (problem: string) => void,
): number {
  if (value === undefined || value.trim() === '') return HTTP_DEFAULTS.timeoutMs;
  const seconds = Number(value);
  if (seconds >= 0.1 && seconds <= 60) return Math.round(seconds * 1000);
  refuse(`expected seconds from 0.1 to 60, got '${value.slice(0, 20)}'`);
  return HTTP_DEFAULTS.timeoutMs;
}

/**
 * The authorities in the file that `SSL_CERT_FILE` of the environment names, PEM. They stand in the place
 * of the system's, as OpenSSL does it; Node.js by itself heeds the variable only with --use-openssl-ca.
 */
export function readAuthoritiesFromEnvironment(
  file: string | undefined,
  refuse: (problem: string) => void,
): string | undefined {
  if (file === undefined || file.trim() === '') return undefined;
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
    refuse('the file that it names has no PEM certificate in it');
  } catch (error) {
    refuse(`the file that it names cannot be read: ${describeError(error)}`);
  }
  return undefined;
}

function readOrigins(reader: OptionReader): readonly string[] | undefined {
  const value = reader.raw('allowInsecureOrigins');
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every(isHttpOrigin)) return Object.freeze([...value]);
  reader.wrong('allowInsecureOrigins', "a list of http origins such as 'http://idp.test:8080' (no path)");
  return undefined;
}

function isHttpOrigin(value: unknown): value is string {
  const url = typeof value === 'string' ? parseUrl(value) : undefined;
  return url?.protocol === 'http:' && url.origin === value;
}

/** RFC 9110 section 5: a field name is a token, a value has no control characters. */
function readHeaders(reader: OptionReader): Readonly<Record<string, string>> | undefined {
  const value = reader.raw('headers');
  if (value === undefined) return undefined;
  const fits =
    isJsonObject(value) &&
    Object.entries(value).every(
      ([name, text]) =>
        /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof text === 'string' && /^[\t\x20-\x7e]*$/.test(text),
    );
  if (!fits) {
    reader.problem('headers', 'expected header names with values of printable ASCII');
    return undefined;
  }
  const entries = Object.entries(value).map(([name, text]) => [name.toLowerCase(), String(text)] as const);
  return Object.freeze(Object.fromEntries(entries));
}

/** Without authorities of its own, it has those that stand above it. */
function readTls(reader: OptionReader, base: TlsOptions | undefined): TlsOptions | undefined {
  if (!reader.has('tls')) return undefined;
  const tls = reader.nested('tls', TLS_NAMES, TLS_HINTS);
  for (const name of TLS_NAMES) {
    const value = tls.raw(name);
    const values: unknown[] = name === 'ca' && Array.isArray(value) ? value : [value];
    const fits = values.every(
      (item) =>
        item === undefined || typeof item === 'string' || (Buffer.isBuffer(item) && name !== 'passphrase'),
    );
    if (!fits || values.length === 0) tls.problem(name, 'expected PEM text or a Buffer');
  }
  const own = Object.fromEntries(TLS_NAMES.map((name) => [name, copyList(tls.raw(name))]));
  return Object.freeze({ ...own, ca: (own['ca'] as TlsOptions['ca']) ?? base?.ca });
}

function copyList(value: unknown): unknown {
  return Array.isArray(value) ? Object.freeze([...(value as unknown[])]) : value;
}

function readDispatcher(reader: OptionReader): HttpSettings['dispatcher'] {
  const value = reader.raw('dispatcher');
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && 'dispatch' in value) {
    return value as HttpSettings['dispatcher'];
  }
  reader.wrong('dispatcher', 'an undici Dispatcher');
  return undefined;
}

function readProxy(reader: OptionReader): string | false | undefined {
  const value = reader.raw('proxy');
  if (value === undefined || value === false) return value;
  if (typeof value === 'string' && /^https?:$/.test(parseUrl(value)?.protocol ?? '')) return value;
  reader.problem('proxy', 'expected an http or https URL, or false');
  return undefined;
}
