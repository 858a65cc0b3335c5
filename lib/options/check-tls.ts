import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { OptionIssue } from './option-issues.js';

type Pem = string | Buffer;

export interface TlsValues {
  readonly ca: Pem | readonly Pem[] | undefined;
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
  readonly pfx: Pem | undefined;
  readonly passphrase: string | undefined;
}

const NO_PATH = 'not a path: readFileSync(path) reads a file';

/**
 * Whether TLS can work with these values: OpenSSL ignores authorities that it cannot read, and complains of a client
 * certificate only with the first connection. What is wrong is not shown: it may be a private key.
 */
export function checkTls(values: TlsValues, isGiven: (name: string) => boolean): readonly OptionIssue[] {
  const { ca, cert, key, pfx, passphrase } = values;
  const issues: OptionIssue[] = [];
  const add = (path: string, message: string): void => void issues.push({ path, message });
  if (isGiven('ca') && ca !== undefined && ![ca].flat().every((each) => readChain(each) !== undefined)) {
    add('ca', `expected certificates as PEM text or a Buffer, ${NO_PATH}`);
  }
  if (cert !== undefined && !isGiven('key') && !isGiven('pfx')) add('cert', 'expected "key" beside it');
  if (key !== undefined && !isGiven('cert')) add('key', 'expected "cert" beside it');
  const chain = cert === undefined ? undefined : readChain(cert);
  if (cert !== undefined && chain === undefined) {
    add('cert', `expected a certificate as PEM text or a Buffer, ${NO_PATH}`);
  }
  const privateKey = key === undefined ? undefined : readKey(key, passphrase);
  if (key !== undefined && privateKey === undefined) {
    const isEncrypted = String(key).includes('ENCRYPTED');
    const expected = isEncrypted ? 'the "passphrase" that opens it' : 'a private key as PEM text or a Buffer';
    add('key', `expected ${expected}${isEncrypted ? '' : `, ${NO_PATH}`}`);
  }
  if (chain?.[0] !== undefined && privateKey !== undefined && !chain[0].checkPrivateKey(privateKey)) {
    add('key', 'expected the private key of the first certificate in "cert"; it belongs to another one');
  }
  if (pfx !== undefined && !opens(pfx, passphrase)) {
    add('pfx', `expected a PKCS #12 file as a Buffer, ${NO_PATH}; and the "passphrase" that opens it`);
  }
  return issues;
}

/** undefined if there is none, or one that cannot be read. */
function readChain(pem: Pem): readonly X509Certificate[] | undefined {
  const blocks = String(pem).match(CERTIFICATES);
  try {
    return blocks?.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

const CERTIFICATES =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

function readKey(key: Pem, passphrase: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    return undefined;
  }
}

function opens(pfx: Pem, passphrase: string | undefined): boolean {
  try {
    createSecureContext({ pfx, ...(passphrase === undefined ? {} : { passphrase }) });
    return true;
  } catch {
    return false;
  }
}
