import type { Clock } from '../cache/clock.js';
import { refuse, type IdentityError } from '../errors/identity-error.js';
import { RefreshPace } from '../jwks/refresh-pace.js';

/** Look-ups that may begin in a second, after a burst. */
const RATE = 20;
/** The burst for small caches. */
const MIN_BURST = 64;

/**
 * One pace for the look-ups of all tenants that no verified token has proven. Whoever makes up names that the function
 * "issuers" takes for tenants has us ask for each of them: this bounds the requests of all names together. A
 * look-up that a verified token follows counts no more, so that tenants of honest clients do not hinder each other.
 *
 * After a restart all tenants are unproven. Half of `cache.maxEntries` is looked up at once, and proven; the other half by
 * clients who come back, a second later.
 */
export class UnprovenPace {
  private readonly pace: RefreshPace;

  constructor(
    maxEntries: number,
    private readonly clock: Clock,
  ) {
    const cooldownMs = 1000 / RATE;
    const burst = Math.max(MIN_BURST, Math.ceil(maxEntries / 2));
    this.pace = new RefreshPace({ cooldownMs, maxCooldownMs: cooldownMs, burst });
  }

  /** Takes the permit for one look-up; an error that says when to come again if there is none. */
  take(): IdentityError | undefined {
    const nowMs = this.clock.monotonicMs();
    const waitMs = Math.ceil(this.pace.notBeforeMs(nowMs) - nowMs);
    if (waitMs > 0) return refuse('keys_busy', TOO_MANY_NEW, { retryAfterMs: waitMs });
    this.pace.begin(nowMs);
    return undefined;
  }

  /** The tenant was proven: its look-up was not one for a stranger. */
  giveBack(): void {
    this.pace.giveBack();
  }
}

const TOO_MANY_NEW = `Tokens name many tenants without a verified token; ${String(RATE)} of them are looked up in a second.`;
