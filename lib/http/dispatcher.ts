import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { Agent, buildConnector, Dispatcher, ProxyAgent } from 'undici';
import { hasClientCertificate, type HttpSettings } from '../options/http-settings.js';
import { publicLookup } from './public-lookup.js';
import type { NamedProxy } from '../options/http-kinds.js';
import { chooseProxy } from './proxy-rules.js';
import { rememberAlert } from './tls-alerts.js';
import { createTrust } from './trust.js';

/** Pools of connections of our own, so that nothing else in the process shares their limits. */
export function createDispatcher(settings: HttpSettings, lookup?: LookupFunction): Dispatcher {
  return new RoutingDispatcher(settings, lookup);
}

/** A pool for each way to a provider: direct or through a proxy, with or without the client certificate. */
class RoutingDispatcher extends Dispatcher {
  private readonly pools = new Map<string, Dispatcher>();
  private ended = false;

  /** @param lookup - resolves names. */
  constructor(
    private readonly settings: HttpSettings,
    private readonly lookup?: LookupFunction,
  ) {
    super();
    if (settings.tls !== undefined) this.readTrust();
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.poolFor(new URL(String(options.origin))).dispatch(options, handler);
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    return this.end((pool) => pool.close(), callback);
  }

  override destroy(error?: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    const last = typeof error === 'function' ? error : callback;
    return this.end((pool) => pool.destroy(typeof error === 'function' ? null : (error ?? null)), last);
  }

  private poolFor(url: URL): Dispatcher {
    // A pool that is made after the end would never be closed, and would hold the process.
    if (this.ended) throw new Error('the connections to providers are closed');
    const proxy = chooseProxy(url, this.settings.proxies);
    // A TLS session that has shown the client certificate must not be used for an origin that is not meant to see it: so
    // the certificate is a part of the pool's name.
    const showsCertificate =
      hasClientCertificate(this.settings) && this.settings.credentialOrigins.includes(url.origin);
    const name = `${url.protocol} ${proxy?.url ?? ''} ${String(showsCertificate)}`;
    let pool = this.pools.get(name);
    if (pool === undefined) {
      pool = this.createPool(url.protocol, proxy, showsCertificate);
      this.pools.set(name, pool);
    }
    return pool;
  }

  private createPool(protocol: string, proxy: NamedProxy | undefined, showsCertificate: boolean): Dispatcher {
    const { settings } = this;
    const pool = {
      connections: settings.maxConnections,
      keepAliveTimeout: settings.keepAliveMs,
      keepAliveMaxTimeout: settings.keepAliveMs,
      // The time of an attempt is limited as a whole, from outside.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const secured = protocol === 'https:' ? this.tlsOptions(showsCertificate) : {};
    const connect = { ...secured, timeout: settings.timeoutMs };
    if (proxy === undefined) {
      // The address is judged when the socket connects, not before: a name that is looked up twice may have another address
      // the second time (DNS rebinding).
      const lookup = settings.allowPrivateNetworks ? this.lookup : publicLookup(this.lookup);
      const connector = buildConnector({ ...connect, ...(lookup === undefined ? {} : { lookup }) });
      return new Agent({ ...pool, connect: rememberingAlerts(connector) });
    }
    // The provider's TLS goes through the proxy's tunnel; the proxy itself never sees the client certificate.
    const proxySecured = new URL(proxy.url).protocol === 'https:' ? this.tlsOptions(false) : {};
    const proxyTls = { ...proxySecured, timeout: settings.timeoutMs };
    return new ProxyAgent({ ...pool, uri: proxy.url, requestTls: connect, proxyTls });
  }

  /** Ahead of the first request, whose time is limited; what is wrong with it shows with that request. */
  private readTrust(): void {
    try {
      createTrust(this.settings, false);
    } catch {
      return;
    }
  }

  /** Said outright, because NODE_TLS_REJECT_UNAUTHORIZED=0 changes the default of the whole process. */
  private tlsOptions(showsCertificate: boolean): object {
    // Certificate authorities are added to those of Node.js and never replace them. Equal settings share one context.
    const secureContext = createTrust(this.settings, showsCertificate);
    return { rejectUnauthorized: true, ...(secureContext === undefined ? {} : { secureContext }) };
  }

  /** undici's own classes take a callback in the place of the promise. */
  private end(end: (pool: Dispatcher) => Promise<void>, callback?: () => void): Promise<void> | void {
    this.ended = true;
    const pools = [...this.pools.values()];
    if (callback === undefined) return Promise.all(pools.map(end)).then(() => undefined);
    callbackify(async () => Promise.all(pools.map(end)))(() => callback());
  }
}

/** Why a server ended a connection is told to its socket only. */
function rememberingAlerts(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      if (result[0] === null) rememberAlert(result[1]);
      callback(...result);
    });
}
