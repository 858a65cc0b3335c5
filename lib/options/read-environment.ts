import { readFileSync } from 'node:fs';
import { describeError } from '../errors/identity-error.js';
import type { NamedProxy, ProxyRules } from '../http/proxy-rules.js';
import { parseUrl } from '../http/url-policy.js';
import { isJsonObject } from '../model/json.js';
import type { Problems } from './option-reader.js';

/** What the environment says of the way to providers. */
export interface HttpEnvironment {
  /** undefined if it says none. */
  readonly timeoutMs: number | undefined;
  /** Certificate authorities, PEM. */
  readonly authorities: readonly string[];
  readonly proxies: ProxyRules | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

const MAX_TIMEOUT_MS = 60_000;

/**
 * Reads the variables that this module heeds. One that has its name from elsewhere, and a value that cannot be
 * meant for it, is a warning; only `IDENTITY_HTTP_TIMEOUT_MS` and a proxy that cannot be used stop the start.
 *
 * @param http - the option as the application gave it: what it says itself is not asked of the environment.
 */
export function readHttpEnvironment(
  variables: Variables,
  problems: Problems,
  http: unknown,
): HttpEnvironment {
  const says = (name: string): boolean => isJsonObject(http) && http[name] !== undefined;
  return {
    timeoutMs: says('timeoutMs') ? undefined : readTimeout(variables, problems),
    authorities: readAuthorities(variables, problems),
    proxies: says('proxy') || says('dispatcher') ? undefined : readProxies(variables, problems),
  };
}

/** `IDENTITY_HTTP_TIMEOUT_MS`; `HTTP_TIMEOUT`, in seconds, as long as it may be meant for us. */
function readTimeout(variables: Variables, problems: Problems): number | undefined {
  const own = valueOf(variables, 'IDENTITY_HTTP_TIMEOUT_MS');
  if (own !== undefined) {
    if (/^\d{1,9}$/.test(own) && Number(own) >= 1 && Number(own) <= MAX_TIMEOUT_MS) return Number(own);
    const problem = `expected whole milliseconds from 1 to ${String(MAX_TIMEOUT_MS)}, got '${shorten(own)}'`;
    problems.add('IDENTITY_HTTP_TIMEOUT_MS (environment)', problem);
    return undefined;
  }
  const shared = valueOf(variables, 'HTTP_TIMEOUT');
  if (shared === undefined) return undefined;
  const seconds = Number(shared);
  if (seconds >= 0.1 && seconds <= 60) return Math.round(seconds * 1000);
  problems.warn(
    `HTTP_TIMEOUT of the environment is ignored: '${shorten(shared)}' is not a number of seconds from 0.1 to 60. ` +
      'Set IDENTITY_HTTP_TIMEOUT_MS or the option "http.timeoutMs", both in milliseconds',
  );
  return undefined;
}

/** The authorities of `SSL_CERT_FILE`, PEM; Node.js by itself heeds the variable only with --use-openssl-ca. */
function readAuthorities(variables: Variables, problems: Problems): readonly string[] {
  const file = valueOf(variables, 'SSL_CERT_FILE');
  if (file === undefined) return Object.freeze([]);
  const warn = (why: string): void =>
    problems.warn(`SSL_CERT_FILE of the environment is ignored: the file that it names ${why}`);
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return Object.freeze([text]);
    warn('has no PEM certificate in it');
  } catch (error) {
    warn(`cannot be read: ${describeError(error)}`);
  }
  return Object.freeze([]);
}

/** The usual variables; as with curl, those in lower case stand in front, and HTTP_PROXY is for https too. */
function readProxies(variables: Variables, problems: Problems): ProxyRules | undefined {
  const read = (name: string): NamedProxy | undefined => {
    const found = [name.toLowerCase(), name].find((each) => valueOf(variables, each) !== undefined);
    if (found === undefined) return undefined;
    const url = proxyUrlOf(valueOf(variables, found) ?? '');
    if (url !== undefined) return Object.freeze({ name: found, url });
    problems.add(
      `${found} (environment)`,
      'expected host:port, or an http or https URL of a proxy; the option "http.proxy" stands in front, false for none',
    );
    return undefined;
  };
  const http = read('HTTP_PROXY');
  const https = read('HTTPS_PROXY') ?? http;
  if (http === undefined && https === undefined) return undefined;
  const bypass = (valueOf(variables, 'no_proxy') ?? valueOf(variables, 'NO_PROXY') ?? '')
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .map((entry) => entry.toLowerCase().replace(/^\*?\./, ''));
  return Object.freeze({ http, https, bypass: Object.freeze(bypass), isConfigured: false });
}

/** `host:port` has no scheme, and would be read as one. */
export function proxyUrlOf(value: string): string | undefined {
  const url = parseUrl(/^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  const fits = url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '';
  return fits ? url.href : undefined;
}

/**
 * Bun puts a `undici` of its own in the place of the real one: certificate authorities, limits and proxies are
 * ignored there without a word.
 */
export function refuseRuntime(
  versions: Readonly<Record<string, string | undefined>>,
  problems: Problems,
): void {
  if (versions['bun'] === undefined) return;
  problems.add(
    `Bun ${versions['bun']}`,
    'is not supported: it replaces "undici", and ignores "http.tls" and limits of time and size; run the application with Node.js',
  );
}

function valueOf(variables: Variables, name: string): string | undefined {
  const value = variables[name]?.trim();
  return value === '' ? undefined : value;
}

function shorten(value: string): string {
  return value.slice(0, 20);
}
