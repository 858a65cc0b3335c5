import type { Dispatcher } from 'undici';

/** TLS of the connections to a provider, as `node:tls` takes it. Verification cannot be switched off. */
export interface TlsOptions {
  /** Certificate authorities instead of the system's, PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined;
  /** Client certificate chain, PEM. */
  readonly cert?: string | Buffer | undefined;
  /** Private key of the client certificate, PEM. */
  readonly key?: string | Buffer | undefined;
  /** Client certificate and key, PKCS #12. */
  readonly pfx?: string | Buffer | undefined;
  /** Passphrase of `key` or `pfx`. */
  readonly passphrase?: string | undefined;
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
  /** Longest accepted body, after decompression. */
  readonly maxResponseBytes: number;
  /** Origins besides loopback that may be spoken to without TLS. */
  readonly allowInsecureOrigins: readonly string[];
  readonly followRedirects: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions | undefined;
  readonly dispatcher: Dispatcher | undefined;
  /** A proxy's URL, `false` for none, undefined for what the environment says. */
  readonly proxy: string | false | undefined;
}
