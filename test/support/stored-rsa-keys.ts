import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * RSA key pairs of 2048 bits for tests, made once and stored, because making one costs more than most tests. Their
 * private halves are public with the repository: they protect nothing. Each entry is PKCS #8 (RFC 5208) in base64.
 */
const STORED = JSON.parse(
  readFileSync(new URL('rsa-2048-keys.json', import.meta.url), 'utf8'),
) as readonly string[];

/** Keys that providers start with. One comes back after this many others: no test has as many providers. */
const PROVIDERS_KEYS = 8;

const loaded = new Map<number, KeyObject>();
let providers = 0;
let others = PROVIDERS_KEYS;

/** The first key of a provider, never one that {@link nextRsaKey} hands out. */
export function nextProviderRsaKey(): KeyObject {
  return load(providers++ % PROVIDERS_KEYS);
}

/** A key that nobody else in this file of tests has, whatever its tests sign with: newly made once the store is empty. */
export function nextRsaKey(): KeyObject {
  if (others < STORED.length) return load(others++);
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

/** For each file of tests anew: files that share a process share this module. */
export function rewindRsaKeys(): void {
  providers = 0;
  others = PROVIDERS_KEYS;
}

function load(index: number): KeyObject {
  const known = loaded.get(index);
  if (known !== undefined) return known;
  const text = STORED[index];
  if (text === undefined) throw new Error(`no stored RSA key ${String(index)}`);
  const key = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
  loaded.set(index, key);
  return key;
}
