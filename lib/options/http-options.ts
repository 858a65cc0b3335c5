import { dispatcher, headers, passphrase, pem, pemList, proxy, tls } from './http-kinds.js';
import { checkTls } from './check-tls.js';
import { boolean, bytes, count, duration, originList } from './kinds.js';
import type { GivenOf, Group, Rule, ValueOf } from './schema.js';

const TLS_OPTIONS = {
  /** Certificate authorities in addition to those that Node.js trusts, PEM. */
  ca: pemList(),
  /** Client certificate chain, PEM. Only origins that credentials are for get to see it. */
  cert: pem(),
  /** Private key of the client certificate, PEM. */
  key: pem(),
  /** Client certificate and key, PKCS #12. */
  pfx: pem(),
  /** Passphrase of `key` or `pfx`. */
  passphrase: passphrase(),
};

/** TLS of the connections to a provider, as `node:tls` takes it. Verification cannot be switched off. */
export interface TlsOptions extends GivenOf<typeof TLS_OPTIONS> {}

const TLS_HINTS = {
  rejectUnauthorized:
    'certificates are always verified; give the authority that signed the provider\'s in "ca" instead',
};

const HTTP_OPTIONS = {
  /**
   * Limit of one attempt, connect to last byte, in milliseconds.
   *
   * @default IDENTITY_HTTP_TIMEOUT_MS of the environment, HTTP_TIMEOUT (in seconds), or 5000
   */
  timeoutMs: duration(5_000, { min: 1 }),
  /** Limit of one look-up, discovery through keys, with all retries, in milliseconds. @default 10000 */
  deadlineMs: duration(10_000, { min: 1 }),
  /** Attempts after the first, only while there is no last-good value. @default 2 */
  retries: count(2, { min: 0, max: 10 }),
  /** Connections per origin. @default 100 */
  maxConnections: count(100),
  /** How long an idle connection is kept, in milliseconds. @default 60000 */
  keepAliveMs: duration(60_000, { min: 1 }),
  /** Longest accepted response, before and after decompression, in bytes. @default 524288 */
  maxResponseBytes: bytes(524_288),
  /** Origins, in addition to loopback, that may be used over plain http, e.g. `http://idp.test:8080`. @default [] */
  allowInsecureOrigins: originList(['http:'], "http origins such as 'http://idp.test:8080'"),
  /**
   * Whether private, loopback, link-local, shared, unique-local, multicast and reserved addresses may be spoken to
   * (RFC 6890). Names are judged by the address that is connected to; behind a proxy or a `dispatcher`, which
   * resolve names themselves, only addresses and `localhost` are. @default true; false if `issuers` is a function
   */
  allowPrivateNetworks: boolean(true),
  /** Certificate authorities in addition to those of Node.js and of the environment, client certificate. @default none */
  tls: tls<TlsOptions>()({ rows: TLS_OPTIONS, hints: TLS_HINTS, rules: [checkTls] }),
  /**
   * Additional request headers, or a function that is called before each request, for credentials that rotate. It
   * may be async; its time is part of `timeoutMs`, and if it fails the look-up does (503 `check_failed`). They are
   * sent to the origins of `issuer`, `discoveryUrl` and `jwksUri`, and to `credentialOrigins`. @default none
   */
  headers: headers(),
  /**
   * More origins that get `headers` and the client certificate, e.g. `https://keys.example.com` if the metadata
   * names it in `jwks_uri`. @default []
   */
  credentialOrigins: originList(['https:', 'http:'], "origins such as 'https://keys.test'"),
  /**
   * A dispatcher of undici 6, 7 or 8, or the global one of Node.js, to use instead of an own pool. The module does not
   * close it; TLS, proxies and the resolution of names are its own. @default own pool
   */
  dispatcher: dispatcher(),
  /**
   * A proxy's URL; `false` for none. Plain http on loopback never goes through it.
   *
   * @default HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment, not for loopback
   */
  proxy: proxy(),
  /** Follow redirects, on the same origin only. @default false */
  followRedirects: boolean(false),
};

/** How the module speaks to a provider. All durations in milliseconds. */
export interface HttpOptions extends GivenOf<typeof HTTP_OPTIONS> {}

export type HttpValues = ValueOf<typeof HTTP_OPTIONS>;

/** What a dispatcher decides by itself. One at the top would swallow these of an issuer, too. */
const dispatcherDecides: Rule<HttpValues> = ({ dispatcher: own }, isGiven) => {
  if (own === undefined) return [];
  return ['tls', 'proxy', 'maxConnections', 'keepAliveMs'].filter(isGiven).map((path) => ({
    path,
    message: 'has no effect beside "dispatcher"; set it on the dispatcher',
  }));
};

export const HTTP_GROUP: Group<HttpValues> = {
  rows: HTTP_OPTIONS,
  hints: { timeout: 'unknown option; durations are in milliseconds: "timeoutMs"' },
  rules: [dispatcherDecides],
};
