import { LRUCache } from 'lru-cache';
import type { VerificationKey } from '../jwks/import-key.js';
import { identityOf } from '../jwks/key-set.js';
import { printable } from '../model/printable.js';

/** A key of an issuer, and when it was there. */
export interface KeyRecord {
  /** For people: what would steer its reader is escaped. */
  readonly kid: string | undefined;
  /** The algorithm it is for, or its type where it does not say. */
  readonly alg: string;
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string;
  /** Milliseconds since 1970, as this process saw it. */
  readonly firstSeenAtMs: number;
  readonly withdrawnAtMs: number | undefined;
}

const MAX_ISSUERS = 512;
/** Former keys that are remembered, for each issuer; the one withdrawn first is forgotten first. */
const MAX_WITHDRAWN = 32;

/** Which keys came and went, issuer by issuer, since the process started. */
export class KeyTimeline {
  private readonly issuers = new LRUCache<string, ReadonlyMap<string, KeyRecord>>({ max: MAX_ISSUERS });

  /** @param keys - all that the issuer has now. */
  update(issuer: string, keys: readonly VerificationKey[], nowMs: number): void {
    this.issuers.set(issuer, nextRecords(this.issuers.get(issuer) ?? new Map(), keys, nowMs));
  }

  /** Those that are there first, newest first. */
  of(issuer: string): readonly KeyRecord[] {
    return [...(this.issuers.peek(issuer)?.values() ?? [])].toSorted(
      (a, b) =>
        Number(a.withdrawnAtMs !== undefined) - Number(b.withdrawnAtMs !== undefined) ||
        (b.withdrawnAtMs ?? b.firstSeenAtMs) - (a.withdrawnAtMs ?? a.firstSeenAtMs),
    );
  }
}

function nextRecords(
  before: ReadonlyMap<string, KeyRecord>,
  keys: readonly VerificationKey[],
  nowMs: number,
): ReadonlyMap<string, KeyRecord> {
  const current = new Map(
    keys.map((key) => {
      const identity = identityOf(key);
      const firstSeenAtMs = before.get(identity)?.firstSeenAtMs ?? nowMs;
      return [identity, { ...describe(key), firstSeenAtMs, withdrawnAtMs: undefined }] as const;
    }),
  );
  const withdrawn = [...before]
    .filter(([identity]) => !current.has(identity))
    .map(
      ([identity, record]) =>
        [identity, { ...record, withdrawnAtMs: record.withdrawnAtMs ?? nowMs }] as const,
    )
    .toSorted(([, a], [, b]) => a.withdrawnAtMs - b.withdrawnAtMs)
    .slice(-MAX_WITHDRAWN);
  return new Map<string, KeyRecord>([...withdrawn, ...current]);
}

function describe({
  kid,
  alg,
  kty,
  crv,
  thumbprint,
}: VerificationKey): Pick<KeyRecord, 'kid' | 'alg' | 'thumbprint'> {
  return {
    kid: kid && printable(kid),
    alg: alg ?? [kty, crv].filter((part) => part !== undefined).join(' '),
    thumbprint,
  };
}
