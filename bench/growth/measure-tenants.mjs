// Time and memory of a validation by the number of issuers: configured ones, and tenants that a function names.
import { createPublicKey, verify } from 'node:crypto';
import { createSigner } from '../support/tokens.mjs';
import { measureCurve, timePass } from './curve.mjs';
import { claimsOf, startModule, usedBytes } from './start-module.mjs';

const COUNTS = [1, 128, 1_000, 10_000];
/** The same for every count: otherwise the tokens themselves would make the difference. */
const TOKENS = 10_000;

/** @typedef {{ count: number, kind: string, heapBytes: number, rssBytes: number }} TenantMemory of one tenant */

const nameOf = (/** @type {number} */ index) => `urn:issuer:${index}`;

/** @param {{ rounds: number }} extent */
export async function measureTenants({ rounds }) {
  // One pair of keys under many names: each issuer imports a key of its own, and only signing shares.
  const signer = createSigner('RS256');
  const keysOf = (/** @type {number} */ index) => ({ keys: [signer.jwk(`key-${index}`)] });
  const points = [];
  const memory = [];
  const closing = [];
  for (const count of COUNTS) {
    const tokens = Array.from({ length: TOKENS }, (_, at) => {
      const index = at % count;
      return signer.sign(
        { typ: 'at+jwt', kid: `key-${index}` },
        claimsOf(nameOf(index), { jti: `jti-${at}` }),
      );
    });
    points.push({ series: 'crypto.verify with as many keys', x: count, run: floorOf(signer, count, tokens) });
    for (const [kind, options] of Object.entries(waysToConfigure(count, keysOf))) {
      const before = usedBytes();
      const module = await startModule(options);
      closing.push(module.close);
      for (const token of tokens) await module.tokens.validate(token);
      const after = usedBytes();
      memory.push({
        count,
        kind,
        heapBytes: (after.heap - before.heap) / count,
        rssBytes: (after.rss - before.rss) / count,
      });
      points.push({
        series: kind,
        x: count,
        run: () => timePass((token) => module.tokens.validateSync(token), tokens),
      });
    }
  }
  const labels = { title: 'One validation, RS256', x: 'issuers', y: 'microseconds' };
  const time = await measureCurve(labels, points, rounds);
  for (const close of closing) await close();
  return { time, memory };
}

/**
 * @param {number} count
 * @param {(index: number) => object} keysOf
 * @returns {Record<string, object>}
 */
function waysToConfigure(count, keysOf) {
  const issuerOf = (/** @type {number} */ index) => ({ issuer: nameOf(index), jwks: keysOf(index) });
  return {
    'configured issuers': {
      issuers: Array.from({ length: count }, (_, index) => issuerOf(index)),
      cache: { maxEntries: count },
    },
    'tenants of a function': {
      issuers: (/** @type {string} */ name) => issuerOf(Number(name.slice('urn:issuer:'.length))),
      allowedIssuers: (/** @type {string} */ name) => name.startsWith('urn:issuer:'),
      cache: { maxEntries: count },
    },
  };
}

/**
 * @param {ReturnType<typeof createSigner>} signer
 * @param {number} count
 * @param {readonly string[]} tokens
 */
function floorOf(signer, count, tokens) {
  const jwk = /** @type {import('node:crypto').JsonWebKey} */ (signer.jwk(''));
  const keys = Array.from({ length: count }, () => createPublicKey({ key: jwk, format: 'jwk' }));
  const prepared = tokens.map((token, at) => {
    const end = token.lastIndexOf('.');
    const key = keys[at % count] ?? signer.publicKey;
    return {
      data: Buffer.from(token.slice(0, end)),
      signature: Buffer.from(token.slice(end + 1), 'base64url'),
      key,
    };
  });
  return () => {
    const startMs = performance.now();
    for (const { data, signature, key } of prepared) {
      if (!verify('sha256', data, key, signature)) throw new Error('invalid');
    }
    return ((performance.now() - startMs) * 1_000) / prepared.length;
  };
}
