import type { HeadersSource, HttpSettings, TlsOptions } from '../http/http-settings.js';
import type { ProxyRules } from '../http/proxy-rules.js';
import { readHeaderValues } from '../http/request-headers.js';
import { hasClientCertificate } from '../http/trust.js';
import { parseUrl } from '../http/url-policy.js';
import type { OptionReader } from './option-reader.js';
import { proxyUrlOf, type HttpEnvironment } from './read-environment.js';

const HTTP_NAMES = [
  'timeoutMs',
  'deadlineMs',
  'retries',
  'maxConnections',
  'keepAliveMs',
  'maxResponseBytes',
  'allowInsecureOrigins',
  'allowPrivateNetworks',
  'tls',
  'headers',
  'credentialOrigins',
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

/**
 * The settings before any option was read.
 *
 * @param allowPrivateNetworks - false if issuers are named at run time, so that whoever names them cannot make us
 *   speak to services of our own network.
 */
export function defaultHttp(environment: HttpEnvironment, allowPrivateNetworks: boolean): HttpSettings {
  return {
    ...HTTP_DEFAULTS,
    timeoutMs: environment.timeoutMs ?? HTTP_DEFAULTS.timeoutMs,
    allowInsecureOrigins: Object.freeze([]),
    allowPrivateNetworks,
    followRedirects: false,
    headers: Object.freeze({}),
    credentialOrigins: Object.freeze([]),
    tls: undefined,
    authorities: environment.authorities,
    dispatcher: undefined,
    proxies: environment.proxies,
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
    allowInsecureOrigins: readInsecureOrigins(reader) ?? base.allowInsecureOrigins,
    allowPrivateNetworks: reader.boolean('allowPrivateNetworks', base.allowPrivateNetworks),
    followRedirects: reader.boolean('followRedirects', base.followRedirects),
    headers: readHeaders(reader) ?? base.headers,
    credentialOrigins: readCredentialOrigins(reader) ?? base.credentialOrigins,
    tls: readTls(reader, base.tls) ?? base.tls,
    authorities: base.authorities,
    dispatcher,
    proxies: dispatcher === undefined ? readProxy(reader, base.proxies) : undefined,
  });
}

/**
 * The settings of one issuer: headers and client certificate go to its own origins, and to those that the options
 * list. The `jwks_uri` of a document is not among them, because the provider chose it.
 *
 * @param urls - of the issuer's configuration.
 * @returns the same object if there are no credentials, so that issuers share connections.
 */
export function bindCredentials(http: HttpSettings, urls: readonly (string | undefined)[]): HttpSettings {
  const hasHeaders = typeof http.headers === 'function' || Object.keys(http.headers).length > 0;
  if (!hasHeaders && !hasClientCertificate(http)) return http;
  const origins = urls.flatMap((url) => {
    const origin = url === undefined ? undefined : parseUrl(url)?.origin;
    return origin === undefined || origin === 'null' ? [] : [origin];
  });
  const credentialOrigins = Object.freeze([...new Set([...http.credentialOrigins, ...origins])]);
  return Object.freeze({ ...http, credentialOrigins });
}

function readInsecureOrigins(reader: OptionReader): readonly string[] | undefined {
  return readOrigins(
    reader,
    'allowInsecureOrigins',
    ['http:'],
    "http origins such as 'http://idp.test:8080'",
  );
}

function readCredentialOrigins(reader: OptionReader): readonly string[] | undefined {
  return readOrigins(reader, 'credentialOrigins', ['https:', 'http:'], "origins such as 'https://keys.test'");
}

function readOrigins(
  reader: OptionReader,
  name: string,
  protocols: readonly string[],
  what: string,
): readonly string[] | undefined {
  const value = reader.raw(name);
  if (value === undefined) return undefined;
  const isOrigin = (item: unknown): item is string => {
    const url = typeof item === 'string' ? parseUrl(item) : undefined;
    return url !== undefined && protocols.includes(url.protocol) && url.origin === item;
  };
  if (Array.isArray(value) && value.every(isOrigin)) return Object.freeze([...value]);
  reader.wrong(name, `a list of ${what} (no path)`);
  return undefined;
}

function readHeaders(reader: OptionReader): HeadersSource | undefined {
  const value = reader.raw('headers');
  if (value === undefined) return undefined;
  if (typeof value === 'function') return value as HeadersSource;
  const values = readHeaderValues(value);
  if (values === undefined) {
    reader.problem(
      'headers',
      'expected header names with values of printable ASCII, or a function that answers them',
    );
  }
  return values;
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

function readProxy(reader: OptionReader, base: ProxyRules | undefined): ProxyRules | undefined {
  const value = reader.raw('proxy');
  if (value === undefined) return base;
  if (value === false) return undefined;
  const url = typeof value === 'string' ? proxyUrlOf(value) : undefined;
  if (url === undefined) {
    reader.problem('proxy', 'expected an http or https URL, host:port, or false');
    return base;
  }
  const proxy = Object.freeze({ name: 'http.proxy', url });
  return Object.freeze({ http: proxy, https: proxy, bypass: Object.freeze([]), isConfigured: true });
}
