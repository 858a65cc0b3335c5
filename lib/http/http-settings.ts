import type { ProxyRules } from './proxy-rules.js';

/** TLS of the connections to a provider, as `node:tls` takes it. Verification cannot be switched off. */
export interface TlsOptions {
  /** Certificate authorities in addition to those that Node.js trusts, PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined;
  /** Client certificate chain, PEM. Only origins that credentials are for get to see it. */
  readonly cert?: string | Buffer | undefined;
  /** Private key of the client certificate, PEM. */
  readonly key?: string | Buffer | undefined;
  /** Client certificate and key, PKCS #12. */
  readonly pfx?: string | Buffer | undefined;
  /** Passphrase of `key` or `pfx`. */
  readonly passphrase?: string | undefined;
}

/** Request headers by name. */
export type HeaderValues = Readonly<Record<string, string>>;

/** Request headers, or a function that is called for each request, for credentials that rotate. */
export type HeadersSource = HeaderValues | (() => HeaderValues | Promise<HeaderValues>);

/** What is used of a dispatcher: those of undici 6, 7 and 8 have it, and Node's own global one. */
export interface HttpDispatcher {
  dispatch(options: never, handler: never): boolean;
}

/** How a provider is spoken to. */
export interface HttpSettings {
  /** One attempt, from connect to the last byte. */
  readonly timeoutMs: number;
  /** One look-up, discovery through keys, with all retries. */
  readonly deadlineMs: number;
  /** Attempts after the first, while there is no last-good value. */
  readonly retries: number;
  /** Connections an origin. */
  readonly maxConnections: number;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
  /** Longest accepted body, before and after decompression. */
  readonly maxResponseBytes: number;
  /** Origins besides loopback that may be spoken to without TLS. */
  readonly allowInsecureOrigins: readonly string[];
  /** Whether addresses that are not public may be spoken to. */
  readonly allowPrivateNetworks: boolean;
  readonly followRedirects: boolean;
  readonly headers: HeadersSource;
  /** The only origins that get `headers` and the client certificate. */
  readonly credentialOrigins: readonly string[];
  readonly tls: TlsOptions | undefined;
  /** Certificate authorities of the environment, PEM; in addition to those that Node.js trusts. */
  readonly authorities: readonly string[];
  readonly dispatcher: HttpDispatcher | undefined;
  /** undefined if no request goes through a proxy. */
  readonly proxies: ProxyRules | undefined;
}
