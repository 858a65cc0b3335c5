import type { Socket } from 'node:net';
import { LRUCache } from 'lru-cache';

/** The end of a connection is reported at once: older alerts are of no use. */
const MAX_REMEMBERED = 64;

/** Alerts by the local end of their connection: undici knows only that the other side closed it. */
const alerts = new LRUCache<string, string>({ max: MAX_REMEMBERED });

/**
 * Listens for a TLS alert that ends a connection. TLS 1.3 has a client finish the handshake before the server has judged
 * its certificate (RFC 8446 section 4.4.2.4), so that a refusal comes as an alert on an open connection.
 */
export function rememberAlert(socket: Socket): void {
  const name = nameOf(socket);
  // A port is used again.
  alerts.delete(name);
  socket.on('error', (error) => {
    const alert = alertOf(error);
    if (alert !== undefined) alerts.set(name, alert);
  });
}

/**
 * An error of Node.js or of undici, or in its place the alert that ended the connection: OpenSSL's text of it is long, and
 * undici says only that the other side closed.
 */
export function nameAlert(error: unknown): unknown {
  const alert = find(error);
  if (alert === undefined) return error;
  // "tlsv13 alert certificate required", "sslv3 alert handshake failure", since OpenSSL 3.2 "ssl/tls alert …": the version
  // tells nothing.
  return Object.assign(new Error(`TLS alert: ${alert.replace(/^\S+ alert /, '')}`), {
    code: 'ERR_TLS_ALERT',
  });
}

function find(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const socket: unknown = Reflect.get(error, 'socket');
  const remembered = isEnd(socket) ? alerts.get(nameOf(socket)) : undefined;
  return remembered ?? alertOf(error) ?? find(error.cause);
}

function alertOf(error: Error): string | undefined {
  const code: unknown = Reflect.get(error, 'code');
  const reason: unknown = Reflect.get(error, 'reason');
  return typeof code === 'string' && /^ERR_SSL_.*ALERT/.test(code) && typeof reason === 'string'
    ? reason
    : undefined;
}

interface End {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

function isEnd(value: unknown): value is End {
  return typeof value === 'object' && value !== null && 'localPort' in value;
}

function nameOf({ localAddress, localPort }: End): string {
  return `${localAddress ?? ''} ${String(localPort ?? '')}`;
}
