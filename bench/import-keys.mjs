// What the most expensive keys that are accepted cost: how long importing a set of 256 holds the event loop, and a
// signature check in checks of RSA-4096. Usage, after a build: node bench/import-keys.mjs
import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { importKeySet } from '../dist/jwks/key-set.js';
import { verifySignature } from '../dist/tokens/verify-signature.js';
import { median } from './support/statistics.mjs';

const KEYS = 256;
const DATA = Buffer.alloc(700, 'x');

/** @typedef {{ kty: string, alg: string } & Record<string, unknown>} Jwk */

/** RSA keys that are accepted, without the seconds that a real key of their size takes.
 * @param {number} bits
 * @param {string} e
 * @returns {Promise<Jwk>} */
async function rsaKey(bits, e) {
  for (;;) {
    const n = randomBytes(bits / 8);
    n.set([0xff], 0);
    n.set([0x01 | (n.at(-1) ?? 0)], n.length - 1);
    const jwk = { kty: 'RSA', alg: 'RS256', n: n.toString('base64url'), e };
    if ((await importKeySet([jwk])).keys.length === 1) return jwk;
  }
}

/** @param {string} alg @param {string} namedCurve @returns {Jwk} */
function ecKey(alg, namedCurve) {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { .../** @type {Jwk} */ (publicKey.export({ format: 'jwk' })), alg };
}

/** @returns {Jwk} */
function edKey() {
  const { publicKey } = generateKeyPairSync('ed25519');
  return { .../** @type {Jwk} */ (publicKey.export({ format: 'jwk' })), alg: 'EdDSA' };
}

/**
 * The longest time between two turns of the event loop while something runs, and how long it took.
 *
 * @param {() => Promise<unknown>} run
 */
async function watch(run) {
  let longestMs = 0;
  let lastMs = performance.now();
  let running = true;
  const tick = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  const startMs = performance.now();
  await run();
  const tookMs = performance.now() - startMs;
  running = false;
  tick();
  return { longestMs, tookMs };
}

/**
 * The best of some runs: other processes on the machine make a run longer, never shorter.
 *
 * @param {() => Promise<{ longestMs: number, tookMs: number }>} run
 */
async function leastOf(run) {
  const runs = [];
  for (let round = 0; round < 9; round++) runs.push(await run());
  return {
    longestMs: Math.min(...runs.map(({ longestMs }) => longestMs)),
    tookMs: Math.min(...runs.map(({ tookMs }) => tookMs)),
  };
}

/** @param {() => unknown} run */
function microseconds(run) {
  const times = [];
  for (let round = 0; round < 60; round++) {
    const startNs = process.hrtime.bigint();
    for (let time = 0; time < 5; time++) run();
    times.push(Number(process.hrtime.bigint() - startNs) / 5_000);
  }
  return median(times);
}

/** @param {Jwk} jwk A wrong signature: nobody has to sign to make us check. */
async function checkCost(jwk) {
  const [key] = (await importKeySet([jwk])).keys;
  const prepared = key?.prepared[0];
  if (prepared === undefined) throw new Error(`not accepted: ${JSON.stringify(jwk)}`);
  const { algorithm } = prepared;
  const signature =
    algorithm.kty === 'RSA'
      ? Buffer.concat([Buffer.of(0x10), randomBytes(Buffer.from(String(jwk['n']), 'base64url').length - 1)])
      : otherSignature(algorithm);
  return microseconds(() => verifySignature(prepared, DATA, signature));
}

/** @param {import('../dist/model/algorithms.js').SignatureAlgorithm} algorithm */
function otherSignature({ crv = '', digest }) {
  if (digest === null) return sign(null, DATA, generateKeyPairSync('ed25519').privateKey);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: crv });
  return sign(digest, DATA, { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

const kinds = /** @type {const} */ ([
  ['RSA-2048', () => rsaKey(2048, 'AQAB')],
  ['RSA-4096', () => rsaKey(4096, 'AQAB')],
  ['RSA-4096, exponent 2^32 - 1', () => rsaKey(4096, '_____w')],
  ['RSA-6144', () => rsaKey(6144, 'AQAB')],
  ['Ed25519', edKey],
  ['P-256', () => ecKey('ES256', 'P-256')],
  ['secp256k1', () => ecKey('ES256K', 'secp256k1')],
  ['P-384', () => ecKey('ES384', 'P-384')],
  ['P-521', () => ecKey('ES512', 'P-521')],
]);

const reference = await checkCost(await rsaKey(4096, 'AQAB'));
const rows = [];
for (const [name, create] of kinds) {
  /** @type {Jwk[]} */
  const jwks = [];
  for (let index = 0; index < KEYS; index++) jwks.push({ ...(await create()), kid: `key-${index}` });
  await importKeySet(jwks.slice(0, 8));
  const first = await leastOf(() => watch(() => importKeySet(jwks)));
  const previous = await importKeySet(jwks);
  const again = await leastOf(() => watch(() => importKeySet(jwks, { previous })));
  const [jwk = await create()] = jwks;
  const key = /** @type {import('node:crypto').JsonWebKey} */ (jwk);
  const bare = microseconds(() => createPublicKey({ key, format: 'jwk' }));
  const checkUs = await checkCost(jwk);
  rows.push({
    key: name,
    'import of 256 (ms)': first.tookMs.toFixed(1),
    'longest hold (ms)': first.longestMs.toFixed(1),
    'unchanged (ms)': again.tookMs.toFixed(1),
    'createPublicKey (µs)': bare.toFixed(1),
    'check (µs)': checkUs.toFixed(1),
    'of RSA-4096': (checkUs / reference).toFixed(2),
  });
}
console.table(rows);
