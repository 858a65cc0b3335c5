import type { Clock } from '../cache/clock.js';
import type { RefreshingCache } from '../cache/refreshing-cache.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { ResolvedJwks } from '../options/resolved-options.js';
import { waitMessages } from './key-messages.js';
import { MissedIds } from './missed-ids.js';
import { RefreshPace } from './refresh-pace.js';
import { SharedLoad } from './shared-load.js';
import { SharedRefreshes } from './shared-refreshes.js';
import { WaitingRoom } from './waiting-room.js';

/** The cooldown grows to this at the most, and leaves a fifth of the longest wait to the fetch. */
const MAX_COOLDOWN_MS = 5_000;
const COOLDOWN_SHARE = 0.8;
/** A first miss is remembered for so long; a client that was told to come back finds its answer. */
const FIRST_MISS_MS = 2_000;
/** Failed signatures after a quiet time that are each settled at once: a client that sends one by mistake does not wait. */
const SIGNATURE_BURST = 4;

export interface KeyWatchOptions<V> {
  readonly jwks: ResolvedJwks;
  readonly fetchDeadlineMs: number;
  readonly cache: RefreshingCache<V>;
  readonly clock: Clock;
  /** What makes two values the same set. */
  readonly setOf: (value: V) => object;
}

/** What the requests of one issuer wait for besides the set itself. All waits share the same places. */
export class KeyWatch<V> {
  /** Key ids, and algorithms of key ids, that the set does not have. */
  readonly unknown: SharedRefreshes;
  /** Tokens whose signature failed under a known key: the provider may have put another one in its place. */
  readonly doubted: SharedRefreshes;
  readonly firstSet: SharedLoad<V>;

  constructor(issuer: string, { jwks, fetchDeadlineMs, cache, clock, setOf }: KeyWatchOptions<V>) {
    const room = new WaitingRoom(jwks.maxWaiting);
    const messages = waitMessages(issuer, jwks);
    const { unknownKidMaxWaitMs: maxWaitMs, unknownKidTtlMs } = jwks;
    const maxCooldownMs = Math.min(MAX_COOLDOWN_MS, maxWaitMs * COOLDOWN_SHARE);
    const refreshes = (cooldownMs: number, burst: number): SharedRefreshes =>
      new SharedRefreshes({
        pace: new RefreshPace({ cooldownMs, maxCooldownMs, burst }),
        missed: new MissedIds({ firstMs: FIRST_MISS_MS, mostMs: unknownKidTtlMs, clock }),
        room,
        maxWaitMs,
        fetchDeadlineMs,
        clock,
        refresh: async () => {
          const before = cache.look(issuer);
          const after = await cache.refresh(issuer);
          return { changed: before === undefined || setOf(before) !== setOf(after) };
        },
        backoffLeftMs: () => cache.backoffLeftMs(issuer),
        messages,
      });
    this.unknown = refreshes(jwks.unknownKidCooldownMs, 1);
    this.doubted = refreshes(jwks.badSignatureCooldownMs, SIGNATURE_BURST);
    this.firstSet = new SharedLoad({
      load: () => cache.load(issuer),
      room,
      endsInMs: () => Math.max(0, fetchDeadlineMs - cache.fetchingForMs(issuer)),
      noPlace: messages.noPlace,
    });
  }

  /** The set has changed: what was missed may be there now. */
  setChanged(): void {
    this.unknown.setChanged();
    this.doubted.setChanged();
  }

  /** Ends all waits. */
  close(error: IdentityError): void {
    this.unknown.close(error);
    this.doubted.close(error);
  }
}
