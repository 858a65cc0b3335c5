import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { thumbprintOfDer } from '../certificates/certificate-reading.js';

/** A certificate of a client, with its key: for the options `cert` and `key` of `node:https`, `node:tls` and undici. */
export interface TestCertificate {
  /** PEM. */
  readonly cert: string;
  /** The private key, PEM. */
  readonly key: string;
  /** SHA-256 of the certificate in base64url: `cnf` with `x5t#S256` of tokens that are bound to it (RFC 8705 section 3.1). */
  readonly thumbprint: string;
}

/**
 * A self-signed certificate (RFC 5280) with a new key for ECDSA. It is always valid, so that no clock of a test ends it.
 *
 * @param client - the common name of its subject.
 */
export function createTestCertificate(client: string): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = sequence(set(sequence(COMMON_NAME, der(0x0c, Buffer.from(client)))));
  const content = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    name,
    sequence(der(0x17, Buffer.from('700101000000Z')), der(0x18, Buffer.from('99991231235959Z'))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(BASIC_CONSTRAINTS, der(0x04, sequence())))),
  );
  const signature = sign('sha256', content, privateKey);
  const certificate = sequence(content, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
  return {
    cert: toPem(certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    thumbprint: thumbprintOfDer(certificate),
  };
}

/** Positive, and never zero at its beginning (RFC 5280 section 4.1.2.2). */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return serial;
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** ITU-T X.690 section 8.1: tag, length, content. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function set(...contents: readonly Buffer[]): Buffer {
  return der(0x31, ...contents);
}

function integer(value: Buffer): Buffer {
  return der(0x02, value);
}

const COMMON_NAME = Buffer.from('0603550403', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
