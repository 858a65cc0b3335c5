import type { JsonObject } from '../model/json.js';

/** The entry itself: its place in the cache, the end of the signature by which it is found, the validated token. */
const ENTRY_BYTES = 320;
/** A name that no other token has needs a string and a hidden class of its own. */
const NEW_NAME_BYTES = 160;
const MAX_NAMES = 1_024;

/**
 * How much memory verified tokens take in V8 on 64 bits: every object, list, string and number that is not
 * small costs words of its own, so the length of the text says little. Within a factor of 2 of the heap.
 */
export class TokenSizes {
  /** Names of members seen before, which share their strings; bounded, since some use ids for names. */
  private readonly names = new Set<string>();

  /** @param claims - as they were parsed: a tree, without cycles. */
  estimate(token: string, claims: JsonObject): number {
    let bytes = ENTRY_BYTES + 16 + token.length;
    const found: object[] = [claims];
    for (const value of found) {
      const isList = Array.isArray(value);
      const members: readonly unknown[] = isList ? value : Object.values(value);
      bytes += isList ? listBytes(members.length) : objectBytes(members.length) + this.namesOf(value);
      for (const member of members) {
        if (typeof member === 'object' && member !== null) found.push(member);
        else bytes += scalarBytes(member);
      }
    }
    return bytes;
  }

  private namesOf(value: object): number {
    let bytes = 0;
    for (const name of Object.keys(value)) {
      if (this.names.has(name)) continue;
      bytes += NEW_NAME_BYTES + name.length;
      if (this.names.size < MAX_NAMES) this.names.add(name);
    }
    return bytes;
  }
}

/** Up to 128 members are words of the object, or beside it; more make a hash table. */
function objectBytes(members: number): number {
  if (members === 0) return 56;
  return 24 + (members <= 128 ? 8 : 40) * members;
}

function listBytes(members: number): number {
  return members === 0 ? 32 : 48 + 8 * members;
}

/** Strings hold one byte or two for each character; numbers that are no small integers are boxed. */
function scalarBytes(value: unknown): number {
  if (typeof value === 'string') {
    if (value.length < 2) return 0;
    return 16 + value.length * (Buffer.byteLength(value) === value.length ? 1 : 2);
  }
  return typeof value === 'number' && !isSmall(value) ? 16 : 0;
}

function isSmall(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}
