import type { Clock } from '../cache/clock.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { WaitMessages } from './key-messages.js';
import type { MissedIds } from './missed-ids.js';
import type { RefreshPace } from './refresh-pace.js';
import { RefreshRound, type Waiter, type WaitOutcome } from './refresh-round.js';
import type { Party, WaitingRoom } from './waiting-room.js';

export interface SharedRefreshesOptions {
  readonly pace: RefreshPace;
  readonly missed: MissedIds;
  readonly room: WaitingRoom;
  /** No request waits longer than this, counted from its arrival. */
  readonly maxWaitMs: number;
  /** No fetch takes longer than this. */
  readonly fetchDeadlineMs: number;
  readonly clock: Clock;
  /** Fetches the set, with a fetch that begins after the call; tells whether the set changed. */
  readonly refresh: () => Promise<{ readonly changed: boolean }>;
  /** Milliseconds for which the provider is in backoff; 0 if it is not. */
  readonly backoffLeftMs: () => number;
  readonly messages: WaitMessages;
}

/** What a request waits for. */
export interface Miss {
  /** What is remembered if the refresh does not bring it. */
  readonly id: string;
  /** What shares the places of the waiting room: many ids may belong to one group. */
  readonly group: string;
  /** Monotonic time at which the request arrived. */
  readonly sinceMs: number;
  readonly party?: Party | undefined;
}

/** How a request waits, whatever for. */
export type KeyWait = Pick<Miss, 'sinceMs' | 'party'>;

type TurnedAway = Exclude<keyof WaitMessages, 'backedOff'>;

/** Added to the time in `Retry-After`: the next fetch may take longer than the last one did. */
const MARGIN_MS = 50;
/** A fetch that takes so many times longer than the last good one hangs. */
const HANGS_AT = 4;
const HANGS_AT_LEAST_MS = 1_000;

/**
 * Refreshes of one issuer's key set that requests ask for. All who ask share the next one, at most one in a cooldown:
 * a new key is seen within a cooldown, and a flood costs the provider one request in each, whatever its size.
 *
 * Nobody waits longer than `maxWaitMs`. A request that could not be answered by then, or that finds no place, is
 * rejected at once with the time of the answer; its id goes with the next refresh, so that the answer is decided by then.
 */
export class SharedRefreshes {
  private pending: RefreshRound | undefined;
  /** The refresh under way. */
  private begun: RefreshRound | undefined;
  private lastFetchMs = 0;

  constructor(private readonly options: SharedRefreshesOptions) {}

  /** Whether a refresh has lately shown that there is no such thing. */
  isMissed(id: string): boolean {
    return this.options.missed.has(id);
  }

  /**
   * Waits for a refresh that begins after this call.
   *
   * @throws {IdentityError} `keys_busy`: no place, or no refresh in time. `keys_unavailable`: the provider is
   * in backoff, or does not answer in time. All with the milliseconds after which the answer is decided.
   * @throws what the refresh throws.
   */
  async wait({ id, group, sinceMs, party }: Miss): Promise<WaitOutcome> {
    const { clock, maxWaitMs, room } = this.options;
    const nowMs = clock.monotonicMs();
    const round = this.nextRound(nowMs);
    const leftMs = sinceMs + maxWaitMs - nowMs;
    const beforeItMs = this.begun === undefined ? 0 : this.begun.atMs + this.lastFetchMs - nowMs;
    const refreshedInMs = Math.max(0, round.atMs - nowMs, beforeItMs) + this.lastFetchMs;
    if (refreshedInMs > leftMs) throw this.turnAway(round, id, nowMs, 'tooLate');
    return new Promise<WaitOutcome>((resolve, reject) => {
      const end = (): void => {
        cancel();
        round.waiters.delete(waiter);
        leave?.();
      };
      const turnAway = (why: TurnedAway): void => {
        end();
        reject(this.turnAway(round, id, clock.monotonicMs(), why));
      };
      const waiter: Waiter = {
        id,
        resolve: (outcome) => (end(), resolve(outcome)),
        reject: (error) => (end(), reject(error)),
      };
      const leave = room.enter({ group, sendAway: () => turnAway('noPlace'), party });
      if (leave === undefined) {
        reject(this.turnAway(round, id, nowMs, 'noPlace'));
        return;
      }
      const cancel = clock.schedule(() => turnAway('notInTime'), leftMs);
      round.waiters.add(waiter);
    });
  }

  /**
   * The same without waiting.
   *
   * @returns milliseconds after which the answer is decided.
   */
  request(id: string): number {
    const nowMs = this.options.clock.monotonicMs();
    const backoffLeftMs = this.options.backoffLeftMs();
    if (backoffLeftMs > 0) return backoffLeftMs;
    const round = (this.pending ??= this.plan(nowMs));
    round.note(id);
    return this.decidedInMs(round, nowMs);
  }

  /** The set has changed: what was missed may be there now. */
  setChanged(): void {
    this.options.missed.clear();
    this.options.pace.recordFruitful();
    const round = this.pending;
    if (round === undefined) return;
    for (const waiter of round.waiters) waiter.resolve('changed');
    this.dropIfNobodyAsks(round);
  }

  /** Ends all waits. */
  close(error: IdentityError): void {
    for (const round of [this.begun, this.pending]) {
      round?.cancel();
      if (round !== undefined) round.rejectAll(error);
    }
    this.pending = undefined;
    this.options.missed.clear();
  }

  private nextRound(nowMs: number): RefreshRound {
    const backoffLeftMs = this.options.backoffLeftMs();
    if (backoffLeftMs > 0) throw this.backedOff(backoffLeftMs);
    return (this.pending ??= this.plan(nowMs));
  }

  private plan(nowMs: number): RefreshRound {
    const { pace, clock } = this.options;
    const atMs = Math.max(nowMs, pace.notBeforeMs(nowMs));
    const round = new RefreshRound(atMs);
    // The process is kept alive by the timers of those who wait, if anybody does.
    if (atMs > nowMs)
      round.cancel = clock.schedule(() => void this.begin(round), atMs - nowMs, { ref: false });
    else queueMicrotask(() => void this.begin(round));
    return round;
  }

  private async begin(round: RefreshRound): Promise<void> {
    if (this.pending !== round) return;
    round.isDue = this.begun !== undefined;
    if (round.isDue) return;
    this.pending = undefined;
    const { backoffLeftMs, clock, pace, refresh } = this.options;
    const waitMs = backoffLeftMs();
    if (waitMs > 0) return round.rejectAll(this.backedOff(waitMs));
    const begunAtMs = clock.monotonicMs();
    round.atMs = begunAtMs;
    pace.begin(begunAtMs);
    this.begun = round;
    try {
      const { changed } = await refresh();
      this.lastFetchMs = clock.monotonicMs() - begunAtMs;
      // A change has reset the pace by itself.
      if (!changed) pace.recordFruitless(clock.monotonicMs());
      this.settle(round);
    } catch (error) {
      pace.recordFruitless(clock.monotonicMs());
      round.rejectAll(error);
    } finally {
      this.begun = undefined;
      this.beginIfDue();
    }
  }

  private beginIfDue(): void {
    if (this.pending?.isDue === true) void this.begin(this.pending);
  }

  /** Ids that the refresh did bring are found before anybody asks here, so remembering them does no harm. */
  private settle(round: RefreshRound): void {
    const { missed } = this.options;
    for (const id of round.asked) missed.add(id);
    for (const { id } of round.waiters) missed.add(id);
    for (const waiter of round.waiters) waiter.resolve('confirmed-absent');
    // Some of those who came during the refresh ask for nothing but what it has shown not to exist.
    const next = this.pending;
    if (next === undefined) return;
    for (const waiter of next.waiters) if (missed.has(waiter.id)) waiter.resolve('confirmed-absent');
    for (const id of next.asked) if (missed.has(id)) next.asked.delete(id);
    this.dropIfNobodyAsks(next);
  }

  private dropIfNobodyAsks(round: RefreshRound): void {
    if (round.isWanted) return;
    round.cancel();
    this.pending = undefined;
  }

  private turnAway(round: RefreshRound, id: string, nowMs: number, why: TurnedAway): IdentityError {
    round.note(id);
    const isLate = why === 'notInTime';
    const retryAfterMs = this.decidedInMs(round, nowMs, isLate);
    const message = this.options.messages[why];
    return refuse(isLate ? 'keys_unavailable' : 'keys_busy', message, { retryAfterMs });
  }

  private backedOff(retryAfterMs: number): IdentityError {
    return refuse('keys_unavailable', this.options.messages.backedOff, { retryAfterMs });
  }

  /** Milliseconds until the refresh has ended: expected, or at the latest if one is under way that hangs. */
  private decidedInMs(round: RefreshRound, nowMs: number, isLate = false): number {
    const { begun } = this;
    const endsInMs = begun === undefined ? 0 : this.endsInMs(begun, nowMs, isLate);
    if (round === begun) return endsInMs;
    const beginsInMs = Math.max(0, round.atMs - nowMs, endsInMs);
    return Math.ceil(beginsInMs + this.lastFetchMs + MARGIN_MS);
  }

  private endsInMs({ atMs }: RefreshRound, nowMs: number, isLate: boolean): number {
    const elapsedMs = nowMs - atMs;
    const hangs = isLate || elapsedMs > Math.max(HANGS_AT * this.lastFetchMs, HANGS_AT_LEAST_MS);
    const endsAfterMs = hangs ? this.options.fetchDeadlineMs : this.lastFetchMs;
    return Math.ceil(Math.max(0, endsAfterMs - elapsedMs) + MARGIN_MS);
  }
}
