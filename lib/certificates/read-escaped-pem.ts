import { readBase64, readBounded, thumbprintOfDer, type CertificateReading } from './certificate-reading.js';

/** One block; line breaks inside its base64 alone, and none of what else PEM allows (RFC 7468 section 3, strict). */
const BLOCK = /^-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----(?:\r?\n)*/;

/**
 * PEM with percent-encoding: `$ssl_client_escaped_cert` of nginx, and the headers of AWS Application Load Balancers,
 * `X-Amzn-Mtls-Clientcert` (with what the client sent of its chain, its own certificate first) and
 * `X-Amzn-Mtls-Clientcert-Leaf`.
 *
 * @example
 * // nginx: proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
 */
export function readEscapedPem(value: string): CertificateReading {
  return readBounded(value, (text) => {
    if (/^ *:/.test(text)) return { problem: 'it is a byte sequence of RFC 9440, not PEM' };
    const pem = unescaped(text);
    if (pem === undefined) return { problem: 'its percent-encoding is broken' };
    const [first, body] = BLOCK.exec(pem) ?? [];
    if (first === undefined || body === undefined) {
      return {
        problem: text.includes('%')
          ? NOT_PEM
          : 'it is not percent-encoded PEM (nginx: $ssl_client_escaped_cert)',
      };
    }
    const der = readBase64(body.replaceAll(/[\r\n]/g, ''));
    if (der === undefined) return { problem: 'the base64 of its PEM is broken' };
    return isChain(pem.slice(first.length)) ? { thumbprint: thumbprintOfDer(der) } : { problem: NOT_PEM };
  });
}

const NOT_PEM = 'it is no PEM of certificates';

/** Not `+` for a space: AWS leaves it as it is, because base64 has it. */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** What follows the client's own certificate are others of its chain; they decide nothing. */
function isChain(rest: string): boolean {
  let left = rest;
  while (left !== '') {
    const [block] = BLOCK.exec(left) ?? [];
    if (block === undefined) return false;
    left = left.slice(block.length);
  }
  return true;
}
