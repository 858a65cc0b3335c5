import { readBounded, type CertificateReading } from './certificate-reading.js';
import { readEscapedPem } from './read-escaped-pem.js';

/**
 * `x-forwarded-client-cert` of Envoy, and of the meshes over it: `Hash=<hex>;Cert="<percent-encoded PEM>";…`. `Hash` is the
 * SHA-256 of the DER bytes; `Cert`, if it is there, must be of the same certificate.
 *
 * Each proxy may add an element. Which of several is that of the client depends on who added them, so one alone is
 * accepted: `forward_client_cert_details: SANITIZE_SET`.
 */
export function readForwardedClientCert(value: string): CertificateReading {
  return readBounded(value, (text) => {
    const elements = splitOutsideQuotes(text, ',');
    if (elements === undefined) return { problem: 'a quote in it does not end' };
    if (elements.length > 1) {
      return { problem: 'several proxies have added to it; the last one must set it (SANITIZE_SET)' };
    }
    return readElement(elements[0] ?? '');
  });
}

function readElement(element: string): CertificateReading {
  const hashes: string[] = [];
  const certificates: string[] = [];
  for (const pair of splitOutsideQuotes(element, ';') ?? []) {
    const at = pair.indexOf('=');
    if (at === -1) return { problem: 'a part of it is no pair of name and value' };
    const name = pair.slice(0, at).trim().toLowerCase();
    if (name === 'hash') hashes.push(unquoted(pair.slice(at + 1)));
    if (name === 'cert') certificates.push(unquoted(pair.slice(at + 1)));
  }
  const [hash] = hashes;
  if (hash === undefined || hashes.length > 1 || certificates.length > 1) {
    return { problem: 'it has not exactly one "Hash", or several "Cert"' };
  }
  if (!/^[0-9a-fA-F]{64}$/.test(hash)) return { problem: 'its "Hash" is no SHA-256 in hex' };
  const thumbprint = Buffer.from(hash, 'hex').toString('base64url');
  return agrees(thumbprint, certificates[0]);
}

function agrees(thumbprint: string, certificate: string | undefined): CertificateReading {
  if (certificate === undefined) return { thumbprint };
  const read = readEscapedPem(certificate);
  if ('problem' in read) return { problem: `its "Cert": ${read.problem}` };
  return read.thumbprint === thumbprint
    ? read
    : { problem: 'its "Hash" and its "Cert" are of two certificates' };
}

/** @returns undefined if a quote does not end. A backslash escapes the character after it, inside of quotes. */
function splitOutsideQuotes(text: string, separator: string): string[] | undefined {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === '\\') at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return isQuoted ? undefined : parts;
}

function unquoted(value: string): string {
  const [, inner] = /^ *"(.*)" *$/s.exec(value) ?? [];
  return inner === undefined ? value.trim() : inner.replaceAll(/\\(.)/gs, '$1');
}
