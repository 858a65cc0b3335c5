import { thumbprintOfDer } from './certificate-reading.js';

/** What is asked of a socket of TLS; that of HTTP/2 is a proxy for one. */
interface TlsSocketLike {
  getProtocol(): string | null;
  getPeerX509Certificate(): { readonly raw: Uint8Array } | undefined;
  getPeerFinished(): Uint8Array | undefined;
  disableRenegotiation(): void;
}

/** What the handshake of a connection has shown, or why that is not believed. */
export type SocketCertificate = { readonly thumbprint: string | undefined } | 'renegotiable';

const THUMBPRINTS = new WeakMap<object, string | undefined>();
/** Connections that end if the other side begins a second handshake. */
const FIXED = new WeakSet<object>();

/** Whether a connection is one of TLS. */
export function isTlsSocket(socket: object): boolean {
  return typeof Reflect.get(socket, 'getPeerX509Certificate') === 'function';
}

/**
 * Lets a connection of TLS 1.2 have no second handshake (RFC 5746). Call it as soon as the first one is over.
 *
 * While another handshake is under way, OpenSSL already names the certificate that the client has sent, before the client has proven
 * to have its key: anybody who knows the certificate of another client could pass for it.
 */
export function refuseRenegotiation(socket: object): void {
  (socket as TlsSocketLike).disableRenegotiation();
  FIXED.add(socket);
}

/**
 * The certificate that the other end of a connection has proven to have (RFC 8446 section 4.4.3, RFC 5246 section 7.4.8), of a
 * connection that has one handshake only: TLS 1.3, or one that {@link refuseRenegotiation} was called for. It is worked out once.
 */
export function certificateOfSocket(socket: object): SocketCertificate {
  const tls = socket as TlsSocketLike;
  // The connection is closed, or its handshake is not over: nothing is proven.
  if (tls.getPeerFinished() === undefined) return { thumbprint: undefined };
  if (tls.getProtocol() !== 'TLSv1.3' && !FIXED.has(socket)) return 'renegotiable';
  if (!THUMBPRINTS.has(socket)) {
    const certificate = tls.getPeerX509Certificate();
    THUMBPRINTS.set(socket, certificate && thumbprintOfDer(certificate.raw));
  }
  return { thumbprint: THUMBPRINTS.get(socket) };
}
