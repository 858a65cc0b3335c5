import { Agent, EnvHttpProxyAgent, ProxyAgent, type Dispatcher } from 'undici';
import type { HttpSettings } from './http-settings.js';

/** A pool of connections of our own, so that nothing else in the process shares its limits. */
export function createDispatcher(settings: HttpSettings): Dispatcher {
  const connect = { ...definedMembers(settings.tls ?? {}), timeout: settings.timeoutMs };
  const pool = {
    connections: settings.maxConnections,
    keepAliveTimeout: settings.keepAliveMs,
    keepAliveMaxTimeout: settings.keepAliveMs,
    headersTimeout: settings.timeoutMs,
    bodyTimeout: settings.timeoutMs,
    connect,
  };
  if (settings.proxy === false) return new Agent(pool);
  // The provider's TLS goes through the proxy's tunnel; the proxy itself is met with the system's.
  const tunnel = { ...pool, requestTls: connect, proxyTls: { timeout: settings.timeoutMs } };
  return settings.proxy === undefined
    ? new EnvHttpProxyAgent(tunnel)
    : new ProxyAgent({ ...tunnel, uri: settings.proxy });
}

function definedMembers(source: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined));
}
