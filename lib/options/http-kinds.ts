import { isJsonObject } from '../model/json.js';
import { parseUrl } from '../model/url-policy.js';
import { option, refused } from './kinds.js';
import { expected } from './option-issues.js';
import type { HeadersSource, HeaderValues, HttpDispatcher } from './options.types.js';
import { defaultsOf, readGroup, type Group, type Option } from './schema.js';

/** What is wrong is not shown: it may be a secret. */
export function headers(): Option<HeadersSource, HeadersSource> {
  return option<HeadersSource, HeadersSource>(Object.freeze({}), (given) => {
    if (typeof given === 'function') return { value: given as HeadersSource };
    const value = readHeaderValues(given);
    if (value !== undefined) return { value };
    return refused('expected header names with values of printable ASCII, or a function that answers them');
  });
}

/** RFC 9110 section 5: a field name is a token, a value has no control characters. Names become lower case. */
export function readHeaderValues(value: unknown): HeaderValues | undefined {
  const fits =
    isJsonObject(value) &&
    Object.entries(value).every(
      ([name, text]) =>
        /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof text === 'string' && /^[\t\x20-\x7e]*$/.test(text),
    );
  if (!fits) return undefined;
  const entries = Object.entries(value).map(([name, text]) => [name.toLowerCase(), String(text)] as const);
  return Object.freeze(Object.fromEntries(entries));
}

type Pem = string | Buffer;

const isPem = (value: unknown): value is Pem => typeof value === 'string' || Buffer.isBuffer(value);
const NO_PEM = 'expected PEM text or a Buffer';

/** What is wrong is not shown: it may be a private key. */
export function pem(): Option<Pem, Pem | undefined> {
  return option<Pem, Pem | undefined>(undefined, (given) =>
    isPem(given) ? { value: given } : refused(NO_PEM),
  );
}

export function pemList(): Option<Pem | readonly Pem[], Pem | readonly Pem[] | undefined> {
  return option<Pem | readonly Pem[], Pem | readonly Pem[] | undefined>(undefined, (given) => {
    if (isPem(given)) return { value: given };
    // An empty list would trust nobody.
    if (!Array.isArray(given) || given.length === 0 || !given.every(isPem)) return refused(NO_PEM);
    return { value: Object.freeze([...given]) };
  });
}

export function passphrase(): Option<string, string | undefined> {
  return option<string, string | undefined>(undefined, (given) =>
    typeof given === 'string' ? { value: given } : refused(NO_PEM),
  );
}

/** Without authorities of its own an issuer has those of the top; a client certificate is named whole or not at all. */
export function tls<Given>(): <Values extends { readonly ca: unknown }>(
  group: Group<Values>,
) => Option<Given, Values | undefined> {
  return <Values extends { readonly ca: unknown }>(group: Group<Values>) =>
    option<Given, Values | undefined>(undefined, (given, inherited) =>
      readGroup(group, given, Object.freeze({ ...defaultsOf(group.rows), ca: inherited?.ca })),
    );
}

export function dispatcher(): Option<HttpDispatcher, HttpDispatcher | undefined> {
  return option<HttpDispatcher, HttpDispatcher | undefined>(undefined, (given) =>
    typeof given === 'object' && given !== null && 'dispatch' in given
      ? { value: given as HttpDispatcher }
      : refused(expected('an undici Dispatcher', given)),
  );
}

/** A proxy, and the option or variable that names it. */
export interface NamedProxy {
  readonly name: string;
  readonly url: string;
}

/** Which requests go through a proxy. */
export interface ProxyRules {
  readonly http: NamedProxy | undefined;
  readonly https: NamedProxy | undefined;
  /** Hosts that are spoken to directly: entries of NO_PROXY in lower case, without a leading dot; `*` for all. */
  readonly bypass: readonly string[];
  /** Whether the proxy is an option, and so meant for this module. */
  readonly isConfigured: boolean;
}

/** The environment is the default. What is wrong is not shown: it may hold a password. */
export function proxy(): Option<string | false, ProxyRules | undefined> {
  return option<string | false, ProxyRules | undefined>(undefined, (given) => {
    if (given === false) return { value: undefined };
    const url = typeof given === 'string' ? proxyUrlOf(given) : undefined;
    if (url === undefined) return refused('expected an http or https URL, host:port, or false');
    const named = Object.freeze({ name: 'http.proxy', url });
    return {
      value: Object.freeze({ http: named, https: named, bypass: Object.freeze([]), isConfigured: true }),
    };
  });
}

/** `host:port` has no scheme, and would be read as one. */
export function proxyUrlOf(value: string): string | undefined {
  const url = parseUrl(/^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  const fits = url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '';
  return fits ? url.href : undefined;
}
