import { bytes, count, duration } from './kinds.js';
import type { GivenOf, Group, Rule, ValueOf } from './schema.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const CACHE_OPTIONS = {
  /** Issuers held in each cache. @default 128 */
  maxEntries: count(128),
};

export interface CacheOptions extends GivenOf<typeof CACHE_OPTIONS> {}

export const CACHE_GROUP: Group<ValueOf<typeof CACHE_OPTIONS>> = { rows: CACHE_OPTIONS };

const TOKEN_CACHE_OPTIONS = {
  /** Tokens held; the least recently used one leaves. @default 10000 */
  maxEntries: count(10_000),
  /** Memory held, estimated, in bytes. @default 67108864 */
  maxBytes: bytes(64 * 1024 * 1024, { min: 65_536 }),
};

/** Bounds of the cache of verified tokens; it is on if these options are given. */
export interface TokenCacheOptions extends GivenOf<typeof TOKEN_CACHE_OPTIONS> {}

export const TOKEN_CACHE_GROUP: Group<ValueOf<typeof TOKEN_CACHE_OPTIONS>> = { rows: TOKEN_CACHE_OPTIONS };

const DISCOVERY_OPTIONS = {
  /** How long metadata is fresh if the response does not say, in milliseconds. @default 3600000 */
  ttlMs: duration(HOUR_MS, { min: 1 }),
  /** Metadata is never fresh for less, in milliseconds. @default 60000 */
  minTtlMs: duration(MINUTE_MS, { min: 1 }),
  /** Metadata is never fresh for more, in milliseconds. @default 86400000 */
  maxTtlMs: duration(24 * HOUR_MS, { min: 1 }),
  /** How much longer metadata is served while the provider is down, in milliseconds. @default 86400000 */
  staleIfErrorMs: duration(24 * HOUR_MS),
};

/** How long the metadata of the provider is believed. All durations in milliseconds. */
export interface LifetimeOptions extends GivenOf<typeof DISCOVERY_OPTIONS> {}

type Lifetime = ValueOf<typeof DISCOVERY_OPTIONS>;

const JWKS_OPTIONS = {
  /** How long keys are fresh if the response does not say, in milliseconds. @default 600000 */
  ttlMs: duration(10 * MINUTE_MS, { min: 1 }),
  /** Keys are never fresh for less, in milliseconds. @default 60000 */
  minTtlMs: duration(MINUTE_MS, { min: 1 }),
  /** Keys are never fresh for more, in milliseconds. @default 3600000 */
  maxTtlMs: duration(HOUR_MS, { min: 1 }),
  /** How much longer keys are served while the provider is down, in milliseconds. @default 86400000 */
  staleIfErrorMs: duration(24 * HOUR_MS),
  /**
   * Least time between two refreshes that unknown key ids ask for, in milliseconds. It grows while they bring nothing,
   * to 0.8 * `unknownKidMaxWaitMs` and 5000 at the most. @default 2000
   */
  unknownKidCooldownMs: duration(2_000, { min: 1 }),
  /**
   * The longest that a request waits for a refresh, whatever the provider does, in milliseconds; not less than
   * `unknownKidCooldownMs`. Beyond it the answer is 503 with `Retry-After`. @default 5000
   */
  unknownKidMaxWaitMs: duration(5_000, { min: 1 }),
  /**
   * The longest that a key id which refreshes did not bring is answered 401 without another look, in milliseconds. A
   * first miss is remembered for two seconds, each one that follows for twice as long. @default 5000
   */
  unknownKidTtlMs: duration(5_000),
  /** Requests of one issuer that may wait for keys, the first key set included. @default 1000 */
  maxWaiting: count(1_000, { min: 0 }),
  /**
   * Least time between two refreshes that a failed signature under a known key id asks for, in milliseconds; four may
   * follow each other at once after a quiet time. It grows as `unknownKidCooldownMs` does. @default 2000
   */
  badSignatureCooldownMs: duration(2_000, { min: 1 }),
};

/** How long the keys of the provider are believed, and when they are fetched again. All durations in milliseconds. */
export interface JwksOptions extends GivenOf<typeof JWKS_OPTIONS> {}

type Jwks = ValueOf<typeof JWKS_OPTIONS>;

const lifetimesAreOrdered: Rule<Lifetime> = ({ minTtlMs, ttlMs, maxTtlMs }) => {
  if (minTtlMs <= ttlMs && ttlMs <= maxTtlMs) return [];
  const got = [minTtlMs, ttlMs, maxTtlMs].map(String).join(', ');
  return [
    { path: 'ttlMs', message: `expected minTtlMs <= ttlMs <= maxTtlMs, got ${got} (defaults included)` },
  ];
};

/** If no request could wait for the next refresh, each token of a new key would be answered 503 first. */
const cooldownsFitTheWait: Rule<Jwks> = (jwks) =>
  (['unknownKidCooldownMs', 'badSignatureCooldownMs'] as const)
    .filter((name) => jwks[name] > jwks.unknownKidMaxWaitMs)
    .map((path) => {
      const got = `${String(jwks[path])} and ${String(jwks.unknownKidMaxWaitMs)}`;
      return { path, message: `expected at most unknownKidMaxWaitMs, got ${got} (defaults included)` };
    });

export const DISCOVERY_GROUP: Group<Lifetime> = { rows: DISCOVERY_OPTIONS, rules: [lifetimesAreOrdered] };

export const JWKS_GROUP: Group<Jwks> = {
  rows: JWKS_OPTIONS,
  hints: {
    keys: 'a static key set belongs into issuers: [{ issuer, jwks: { keys } }]; here are its cache settings',
  },
  rules: [lifetimesAreOrdered, cooldownsFitTheWait],
};
