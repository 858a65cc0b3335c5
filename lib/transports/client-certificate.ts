import type { CertificateReading } from '../certificates/certificate-reading.js';
import { readClientCert } from '../certificates/read-client-cert.js';
import { readEscapedPem } from '../certificates/read-escaped-pem.js';
import { readForwardedClientCert } from '../certificates/read-forwarded-client-cert.js';
import { certificateOfSocket, isTlsSocket } from '../certificates/socket-certificate.js';
import { readTrustedProxies } from '../certificates/trusted-proxies.js';
import type { ClientCertificate, Credentials } from '../model/credentials.js';
import { CERTIFICATE_HEADERS, type CertificateHeader, type ResolvedMtls } from '../options/mtls-options.js';
import { nodeRequestOf, rawHeadersOf, type HttpRequestLike } from './node-request.js';
import { headerIn, rawValuesOf } from './read-bearer.js';

/** Reads the certificate of the client that has sent a request. */
export type CertificateReader = (request: HttpRequestLike) => ClientCertificate;

const READERS: Readonly<Record<CertificateHeader, (value: string) => CertificateReading>> = {
  'client-cert': readClientCert,
  nginx: readEscapedPem,
  envoy: readForwardedClientCert,
  'aws-alb': readEscapedPem,
};

/** How certificates are read, as the option `mtls` says. */
export function certificateReader(mtls: ResolvedMtls): CertificateReader {
  if (mtls.certificate === 'socket') return readSocket;
  const read = READERS[mtls.certificate];
  const header = mtls.header ?? CERTIFICATE_HEADERS[mtls.certificate];
  const proxies = readTrustedProxies(mtls.trustedProxies);
  return (request) => {
    const values = valuesOf(request, header);
    const [value] = values;
    if (value === undefined) return missing(`it came without the header "${header}"`);
    // Anybody can write a header. That it came from elsewhere is a way around the proxy, or an address that the options lack.
    if (!proxies.isTrusted(addressOf(request))) {
      const detail = `the header "${header}" came from an address that "mtls.trustedProxies" does not have`;
      return { problem: 'untrusted', detail };
    }
    // Which of two the proxy has set is not for us to choose.
    if (values.length > 1) return malformed(`the header "${header}" came ${String(values.length)} times`);
    if (typeof value !== 'string') return malformed(`the header "${header}" is no text`);
    const reading = read(value);
    return 'problem' in reading ? malformed(`the header "${header}": ${reading.problem}`) : reading;
  };
}

/**
 * The same of requests that open a connection, read once for each: a connection goes on when the one that its handshake came over is
 * closed, as with long polling.
 */
export function certificateReaderOfHandshakes(read: CertificateReader): CertificateReader {
  const known = new WeakMap<object, ClientCertificate>();
  return (request) => {
    const key = nodeRequestOf(request);
    const certificate = known.get(key) ?? read(request);
    known.set(key, certificate);
    return certificate;
  };
}

/** Credentials with the certificate of the request that they came with. */
export function withCertificate(
  credentials: Credentials | null,
  request: HttpRequestLike,
  read: CertificateReader | undefined,
): Credentials | null {
  return credentials === null || read === undefined
    ? credentials
    : { ...credentials, certificate: read(request) };
}

function readSocket(request: HttpRequestLike): ClientCertificate {
  const socket = socketOf(request);
  if (socket === undefined || !isTlsSocket(socket)) {
    return missing(
      'the connection is not TLS; behind a proxy, "mtls.certificate" names the form of its header',
    );
  }
  const found = certificateOfSocket(socket);
  if (found === 'renegotiable') return missing(RENEGOTIABLE);
  const { thumbprint } = found;
  return thumbprint === undefined
    ? missing('the client has shown none in the TLS handshake; the server asks for one with "requestCert"')
    : { thumbprint };
}

const RENEGOTIABLE =
  "it came over TLS 1.2 to a server that Nest has not made, or over HTTP/2, where a second handshake could change the certificate; set minVersion: 'TLSv1.3' on that server";

/** As they came: what middleware has made of them is of no account. */
function valuesOf(request: HttpRequestLike, header: string): readonly unknown[] {
  const rawHeaders = rawHeadersOf(request);
  return rawHeaders.length > 0 ? rawValuesOf(rawHeaders, header) : headerIn(request.headers, header);
}

/** Of the other end of the TCP connection, not what a header says of it. */
function addressOf(request: HttpRequestLike): string | undefined {
  const socket = socketOf(request);
  const address: unknown = socket && Reflect.get(socket, 'remoteAddress');
  return typeof address === 'string' ? address : undefined;
}

function socketOf(request: HttpRequestLike): object | undefined {
  const socket: unknown = Reflect.get(nodeRequestOf(request), 'socket');
  return typeof socket === 'object' && socket !== null ? socket : undefined;
}

function missing(detail: string): ClientCertificate {
  return { problem: 'missing', detail };
}

function malformed(detail: string): ClientCertificate {
  return { problem: 'malformed', detail };
}
