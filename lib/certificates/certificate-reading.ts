import { createHash } from 'node:crypto';
import http from 'node:http';

/** What was read of a header that a proxy has set, or what is wrong with it: for the log, never with a value of the header. */
export type CertificateReading = { readonly thumbprint: string } | { readonly problem: string };

/** Longer ones are not looked at: as much as Node.js takes of all headers together, 16 KB or `--max-http-header-size`. */
const MAX_HEADER_LENGTH = Math.max(16_384, http.maxHeaderSize);

/**
 * The SHA-256 of a certificate's DER bytes, as `x5t#S256` has it (RFC 8705 section 3.1).
 *
 * Nothing is parsed: bytes that are no certificate have the hash of none.
 *
 * @returns base64url, 43 characters.
 */
export function thumbprintOfDer(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}

/** What is the same for all forms of headers. */
export function readBounded(value: string, read: (value: string) => CertificateReading): CertificateReading {
  if (value === '') return { problem: 'it is empty' };
  if (value.length > MAX_HEADER_LENGTH)
    return { problem: `it is longer than ${String(MAX_HEADER_LENGTH)} characters` };
  return read(value);
}

/** @param base64 - padded, without white space; anything else is undefined. `Buffer.from` would skip what does not fit. */
export function readBase64(base64: string): Buffer | undefined {
  if (base64 === '' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, 'base64');
}
