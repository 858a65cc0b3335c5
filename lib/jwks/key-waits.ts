import type { Clock } from '../cache/clock.js';
import type { RefreshingValue } from '../cache/refreshing-value.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { CachedDocument } from '../http/document.js';
import type { ResolvedIssuer, ResolvedJwks } from '../options/resolved-options.js';
import { waitMessages } from './key-messages.js';
import type { KeySet } from './key-set.js';
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

/** What the requests of one issuer wait for besides the set itself. All waits share the same places. */
export class KeyWaits {
  /** Key ids, and algorithms of key ids, that the set does not have. */
  readonly unknown: SharedRefreshes;
  /** Tokens whose signature failed under a known key: the provider may have put another one in its place. */
  readonly doubted: SharedRefreshes;
  readonly firstSet: SharedLoad<CachedDocument<KeySet>>;

  constructor(
    { issuer, http }: ResolvedIssuer,
    document: RefreshingValue<CachedDocument<KeySet>>,
    { jwks, clock }: { readonly jwks: ResolvedJwks; readonly clock: Clock },
  ) {
    const room = new WaitingRoom(jwks.maxWaiting);
    const messages = waitMessages(issuer, jwks);
    const fetchDeadlineMs = http.deadlineMs;
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
          const before = document.peek()?.value;
          return { changed: before !== (await document.refresh()).value };
        },
        backoffLeftMs: () => document.backoffLeftMs,
        messages,
      });
    this.unknown = refreshes(jwks.unknownKidCooldownMs, 1);
    this.doubted = refreshes(jwks.badSignatureCooldownMs, SIGNATURE_BURST);
    this.firstSet = new SharedLoad({
      load: () => document.load(),
      room,
      endsInMs: () => Math.max(0, fetchDeadlineMs - document.fetchingForMs),
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
    this.firstSet.close(error);
  }
}
