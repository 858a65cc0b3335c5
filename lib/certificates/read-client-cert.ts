import { readBase64, readBounded, thumbprintOfDer, type CertificateReading } from './certificate-reading.js';

/**
 * The header field `Client-Cert` (RFC 9440 section 2.2): one byte sequence (RFC 8941 section 3.3.5), the base64 of the DER bytes between
 * colons.
 *
 * @example
 * // HAProxy: http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used }
 */
export function readClientCert(value: string): CertificateReading {
  return readBounded(value, (text) => {
    // RFC 8941 section 4.2: spaces around an item are discarded. RFC 9440 defines no parameters, so what follows is none.
    const [, base64] = /^ *:([^:]*): *$/.exec(text) ?? [];
    if (base64 === undefined) {
      return { problem: text.includes('BEGIN') ? IS_PEM : 'it is no byte sequence (":", base64, ":")' };
    }
    const der = readBase64(base64);
    return der === undefined
      ? { problem: 'what is between the colons is no base64 with padding' }
      : { thumbprint: thumbprintOfDer(der) };
  });
}

const IS_PEM = 'it holds PEM; that is the form of nginx or AWS, not that of RFC 9440';
