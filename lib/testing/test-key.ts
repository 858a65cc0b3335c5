import {
  constants,
  createPrivateKey,
  createPublicKey,
  createHmac,
  generateKeyPairSync,
  sign,
  KeyObject,
  type JsonWebKey,
  type SignKeyObjectInput,
} from 'node:crypto';
import {
  findAlgorithm,
  isVerifiableHere,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
} from '../model/algorithms.js';
import type { JsonObject } from '../model/json.js';

/** A key pair that signs tokens of tests. */
export interface TestKey {
  readonly kid: string;
  /** JWS algorithm it signs with (RFC 7518 section 3.1). */
  readonly alg: string;
  /** The public half, as a key set has it (RFC 7517 section 4). */
  readonly jwk: JsonWebKey & { readonly kid: string; readonly alg: string; readonly use: string };
  readonly privateKey: KeyObject;
}

/**
 * @param alg - an algorithm that this Node.js can verify; see docs/reference/options.md.
 * @throws {RangeError} it is none of those.
 */
export function createTestKey(alg: string, kid: string): TestKey {
  const { publicKey, privateKey } = generatePair(rowOf(alg));
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } };
}

/** A private key that a test brings along: PEM, a JWK (RFC 7517) or a `KeyObject` of `node:crypto`. */
export type PrivateKeySource = string | JsonWebKey | KeyObject;

/**
 * A test's own key.
 *
 * @param alg - undefined takes the key's own `alg`, else the first algorithm that fits it.
 * @param kid - where the key has no `kid` of its own.
 * @throws {RangeError} it is no private key, or none for the algorithm.
 */
export function readTestKey(source: PrivateKeySource, alg: string | undefined, kid: string): TestKey {
  const privateKey = readPrivateKey(source);
  const { d, p, q, dp, dq, qi, priv, ...publicHalf } = createPublicKey(privateKey).export({ format: 'jwk' });
  const own = typeof source === 'object' && 'kty' in source ? source : {};
  const named = alg ?? textOf(own['alg']) ?? textOf(publicHalf['alg']);
  const row = SIGNATURE_ALGORITHMS.find((each) => fits(publicHalf, each, named));
  if (row === undefined || !isVerifiableHere(row)) {
    throw new RangeError(
      `"key" is no key for ${named ?? 'any algorithm that tokens can be signed with here'}; "algorithm" names another`,
    );
  }
  const id = textOf(own['kid']) ?? kid;
  return { kid: id, alg: row.name, privateKey, jwk: { ...publicHalf, kid: id, alg: row.name, use: 'sig' } };
}

function fits({ kty, crv }: JsonWebKey, row: SignatureAlgorithm, named: string | undefined): boolean {
  return row.kty === kty && (row.crv === undefined || row.crv === crv) && (named ?? row.name) === row.name;
}

function readPrivateKey(source: PrivateKeySource): KeyObject {
  try {
    if (typeof source === 'string') return createPrivateKey(source);
    if ('kty' in source) return createPrivateKey({ key: source, format: 'jwk' });
    if (source instanceof KeyObject && source.type === 'private') return source;
  } catch {
    // What OpenSSL says of it may hold parts of the key.
  }
  throw new RangeError('"key" is no private key: give it as PEM, as a JWK or as a KeyObject');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Key pairs that no issuer publishes, by algorithm. Kept, because making one of RSA takes up to a second. */
const strangers = new Map<string, TestKey>();

/** A key of another party under a given id: the same one in a process, which no issuer ever publishes. */
export function strangerKey(alg: string, kid: string): TestKey {
  const stranger = strangers.get(alg) ?? createTestKey(alg, kid);
  strangers.set(alg, stranger);
  return { ...stranger, kid, jwk: { ...stranger.jwk, kid } };
}

/** A compact JWS (RFC 7515 section 7.1) over a header and claims, made with the key whatever the header says. */
export function signCompact(key: TestKey, header: JsonObject, claims: JsonObject): string {
  const data = signingInput(header, claims);
  const row = rowOf(key.alg);
  return `${data}.${sign(row.digest, Buffer.from(data), inputOf(key.privateKey, row)).toString('base64url')}`;
}

/** The same with a keyed hash, for a token that takes a public key for a shared secret. */
export function signWithSecret(secret: string, header: JsonObject, claims: JsonObject): string {
  const data = signingInput(header, claims);
  return `${data}.${createHmac('sha256', secret).update(data).digest('base64url')}`;
}

export function signingInput(header: JsonObject, claims: JsonObject): string {
  return `${encode(header)}.${encode(claims)}`;
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function rowOf(alg: string): SignatureAlgorithm {
  const row = findAlgorithm(alg);
  if (row !== undefined && isVerifiableHere(row)) return row;
  throw new RangeError(
    `"${alg}" is no algorithm that tokens can be signed with here; ES256 and RS256 always are`,
  );
}

/** Curves by the names of RFC 7518, as `node:crypto` calls them. */
const CURVES: Readonly<Record<string, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  secp256k1: 'secp256k1',
};

function generatePair({ name, kty, crv = '' }: SignatureAlgorithm): {
  publicKey: KeyObject;
  privateKey: KeyObject;
} {
  switch (kty) {
    case 'RSA':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'EC':
      return generateKeyPairSync('ec', { namedCurve: CURVES[crv] ?? crv });
    case 'OKP':
      return generateKeyPairSync('ed25519');
    case 'AKP':
      // The types of Node.js 20 do not know it.
      return (generateKeyPairSync as (type: string) => { publicKey: KeyObject; privateKey: KeyObject })(
        name.toLowerCase(),
      );
  }
}

function inputOf(key: KeyObject, row: SignatureAlgorithm): KeyObject | SignKeyObjectInput {
  if (row.kty === 'EC') return { key, dsaEncoding: 'ieee-p1363' };
  if (row.pss !== true) return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
