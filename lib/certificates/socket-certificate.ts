import { thumbprintOfDer } from './certificate-reading.js';

/** What is asked of a socket of TLS; that of HTTP/2 is a proxy for one. */
interface TlsSocketLike {
  getPeerX509Certificate(): { readonly raw: Uint8Array } | undefined;
  getPeerFinished(): Uint8Array | undefined;
}

/** What one handshake has shown. */
interface Handshake {
  /** The client's `Finished` message: a digest of the whole handshake, with the certificate in it. */
  readonly finished: Uint8Array;
  readonly thumbprint: string | undefined;
}

const HANDSHAKES = new WeakMap<object, Handshake>();

/** Whether a connection is one of TLS. */
export function isTlsSocket(socket: object): boolean {
  return typeof Reflect.get(socket, 'getPeerX509Certificate') === 'function';
}

/**
 * The thumbprint of the certificate that the other end of a connection has proven to have (RFC 8446 section 4.4.3, RFC 5246 section
 * 7.4.8); undefined if it has shown none. It is worked out once for each handshake: TLS 1.2 may have several on one connection
 * (RFC 5746), and a later one may be of another client.
 */
export function thumbprintOfSocket(socket: object): string | undefined {
  if (!isTlsSocket(socket)) return undefined;
  const tls = socket as TlsSocketLike;
  const finished = tls.getPeerFinished();
  // The connection is closed, or its handshake is not over: nothing is proven.
  if (finished === undefined) return undefined;
  const known = HANDSHAKES.get(socket);
  if (known !== undefined && Buffer.compare(known.finished, finished) === 0) return known.thumbprint;
  const certificate = tls.getPeerX509Certificate();
  const thumbprint = certificate && thumbprintOfDer(certificate.raw);
  HANDSHAKES.set(socket, { finished, thumbprint });
  return thumbprint;
}
