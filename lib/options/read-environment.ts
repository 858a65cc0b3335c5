import { readFileSync } from 'node:fs';
import { describeError } from '../errors/identity-error.js';
import { isJsonObject } from '../model/json.js';
import { proxyUrlOf, type NamedProxy, type ProxyRules } from './http-kinds.js';
import type { OptionIssue } from './option-issues.js';

/** What the environment says of the way to providers. */
export interface HttpEnvironment {
  /** undefined if it says none. */
  readonly timeoutMs: number | undefined;
  /** Certificate authorities, PEM. */
  readonly authorities: readonly string[];
  readonly proxies: ProxyRules | undefined;
}

/** What came of reading a variable. A warning is for the log: the start need not stop for it. */
interface Found<Value> {
  readonly value: Value;
  readonly issues?: readonly OptionIssue[];
  readonly warnings?: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

const MAX_TIMEOUT_MS = 60_000;

/**
 * Reads the variables that this module heeds. One that has its name from elsewhere, and a value that cannot be
 * meant for it, is a warning; only `IDENTITY_HTTP_TIMEOUT_MS` and a proxy that cannot be used stop the start.
 *
 * @param http - the option as the application gave it: what it says itself is not asked of the environment.
 */
export function readHttpEnvironment(variables: Variables, http: unknown): Required<Found<HttpEnvironment>> {
  const says = (name: string): boolean => isJsonObject(http) && http[name] !== undefined;
  const timeout: Found<number | undefined> = says('timeoutMs') ? NOTHING : readTimeout(variables);
  const authorities = readAuthorities(variables);
  const proxies: Found<ProxyRules | undefined> =
    says('proxy') || says('dispatcher') ? NOTHING : readProxies(variables);
  const found = [timeout, authorities, proxies];
  return {
    value: { timeoutMs: timeout.value, authorities: authorities.value, proxies: proxies.value },
    issues: found.flatMap(({ issues = [] }) => issues),
    warnings: found.flatMap(({ warnings = [] }) => warnings),
  };
}

const NOTHING = Object.freeze({ value: undefined });

/** `IDENTITY_HTTP_TIMEOUT_MS`; `HTTP_TIMEOUT`, in seconds, as long as it may be meant for us. */
function readTimeout(variables: Variables): Found<number | undefined> {
  const own = valueOf(variables, 'IDENTITY_HTTP_TIMEOUT_MS');
  if (own !== undefined) {
    if (/^\d{1,9}$/.test(own) && Number(own) >= 1 && Number(own) <= MAX_TIMEOUT_MS) {
      return { value: Number(own) };
    }
    const message = `expected whole milliseconds from 1 to ${String(MAX_TIMEOUT_MS)}, got '${shorten(own)}'`;
    return { value: undefined, issues: [{ path: 'IDENTITY_HTTP_TIMEOUT_MS (environment)', message }] };
  }
  const shared = valueOf(variables, 'HTTP_TIMEOUT');
  if (shared === undefined) return NOTHING;
  const seconds = Number(shared);
  if (seconds >= 0.1 && seconds <= 60) return { value: Math.round(seconds * 1000) };
  const warning =
    `HTTP_TIMEOUT of the environment is ignored: '${shorten(shared)}' is not a number of seconds from 0.1 to 60. ` +
    'Set IDENTITY_HTTP_TIMEOUT_MS or the option "http.timeoutMs", both in milliseconds';
  return { value: undefined, warnings: [warning] };
}

/** The authorities of `SSL_CERT_FILE`, PEM; Node.js by itself heeds the variable only with --use-openssl-ca. */
function readAuthorities(variables: Variables): Found<readonly string[]> {
  const file = valueOf(variables, 'SSL_CERT_FILE');
  if (file === undefined) return { value: Object.freeze([]) };
  const ignored = (why: string): Found<readonly string[]> => ({
    value: Object.freeze([]),
    warnings: [`SSL_CERT_FILE of the environment is ignored: the file that it names ${why}`],
  });
  try {
    const text = readFileSync(file, 'utf8');
    if (!text.includes('-----BEGIN CERTIFICATE-----')) return ignored('has no PEM certificate in it');
    return { value: Object.freeze([text]) };
  } catch (error) {
    return ignored(`cannot be read: ${describeError(error)}`);
  }
}

/** The usual variables; as with curl, those in lower case stand in front, and HTTP_PROXY is for https too. */
function readProxies(variables: Variables): Found<ProxyRules | undefined> {
  const plain = readProxy(variables, 'HTTP_PROXY');
  const secure = readProxy(variables, 'HTTPS_PROXY');
  const issues = [...(plain.issues ?? []), ...(secure.issues ?? [])];
  const http = plain.value;
  const https = secure.value ?? http;
  if (http === undefined && https === undefined) return { value: undefined, issues };
  const bypass = (valueOf(variables, 'no_proxy') ?? valueOf(variables, 'NO_PROXY') ?? '')
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .map((entry) => entry.toLowerCase().replace(/^\*?\./, ''));
  return {
    value: Object.freeze({ http, https, bypass: Object.freeze(bypass), isConfigured: false }),
    issues,
  };
}

function readProxy(variables: Variables, name: string): Found<NamedProxy | undefined> {
  const found = [name.toLowerCase(), name].find((each) => valueOf(variables, each) !== undefined);
  if (found === undefined) return NOTHING;
  const url = proxyUrlOf(valueOf(variables, found) ?? '');
  if (url !== undefined) return { value: Object.freeze({ name: found, url }) };
  const message =
    'expected host:port, or an http or https URL of a proxy; the option "http.proxy" takes precedence, false for none';
  return { value: undefined, issues: [{ path: `${found} (environment)`, message }] };
}

/**
 * Bun puts a `undici` of its own in the place of the real one: certificate authorities, limits and proxies are
 * ignored there without a word.
 */
export function findRuntimeIssues(
  versions: Readonly<Record<string, string | undefined>>,
): readonly OptionIssue[] {
  if (versions['bun'] === undefined) return [];
  const message =
    'is not supported: it replaces "undici", and ignores "http.tls" and limits of time and size; run the application with Node.js';
  return [{ path: `Bun ${versions['bun']}`, message }];
}

function valueOf(variables: Variables, name: string): string | undefined {
  const value = variables[name]?.trim();
  return value === '' ? undefined : value;
}

function shorten(value: string): string {
  return value.slice(0, 20);
}
