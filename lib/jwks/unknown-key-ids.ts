import type { Clock } from '../cache/clock.js';
import { IdentityError, refuse } from '../errors/identity-error.js';

export interface UnknownKeyIdsOptions {
  /** Least time between two refreshes. */
  readonly cooldownMs: number;
  /** How long a key id is remembered as unknown. */
  readonly ttlMs: number;
  readonly maxWaiting: number;
  readonly clock: Clock;
  /** Fetches the set, with a fetch that begins after the call; tells whether the set changed. */
  readonly refresh: () => Promise<{ readonly changed: boolean }>;
  /** Milliseconds for which the provider is backed off from; 0 where it is not. */
  readonly backoffLeftMs: () => number;
}

/**
 * - `settled`: a refresh that began after the call has succeeded; what it did not bring does not exist.
 * - `changed`: the set changed for another reason; worth another look.
 */
export type WaitOutcome = 'settled' | 'changed';

/** Those who wait for one key id. */
interface Group {
  waiters: number;
  readonly promise: Promise<WaitOutcome>;
  readonly resolve: (outcome: WaitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** A refresh that has not begun yet, and who waits for it. */
interface Slot {
  readonly groups: Map<string, Group>;
  /** Key ids that no more than one request asks for, the oldest first. */
  readonly lonely: Set<string>;
  cancel: () => void;
}

/** Refreshes that bring nothing new, in a row, before the cooldown grows. */
const PATIENCE = 5;
const MAX_COOLDOWN_MS = 30_000;
/** Key ids remembered at the most; the oldest leaves. */
const MAX_REMEMBERED = 4_096;

/**
 * Key ids that the set of one issuer does not have. Whoever asks for one joins a shared refresh, at
 * most one in a cooldown: a rotation is seen within a cooldown, and a flood of made-up ids costs the
 * provider one request in each, whatever its size.
 *
 * Where more want to wait than may, the oldest of those that are alone with their id has to go: made-up
 * ids come once, that of a new key comes again and again.
 */
export class UnknownKeyIds {
  private readonly remembered = new Map<string, number>();
  private pending: Slot | undefined;
  /** The refresh under way that began last. */
  private begun: Slot | undefined;
  private waiting = 0;
  private fruitless = 0;
  private lastBegunMs = -Infinity;

  constructor(private readonly options: UnknownKeyIdsOptions) {}

  /** Whether a refresh has lately shown that there is no such key. */
  isRemembered(keyId: string): boolean {
    const untilMs = this.remembered.get(keyId);
    if (untilMs === undefined) return false;
    if (this.options.clock.monotonicMs() < untilMs) return true;
    this.remembered.delete(keyId);
    return false;
  }

  /**
   * Waits for a refresh that begins after this call, never longer than the cooldown and the fetch.
   *
   * @throws {IdentityError} `keys_busy`: too many wait already. `keys_unavailable`: the provider is backed off from.
   * @throws what the refresh throws.
   */
  async wait(keyId: string): Promise<WaitOutcome> {
    const slot = this.nextSlot();
    if (this.waiting >= this.options.maxWaiting && !this.makeRoom(slot, keyId)) throw refuse('keys_busy');
    const group = slot.groups.get(keyId) ?? addGroup(slot, keyId);
    group.waiters++;
    if (group.waiters > 1) slot.lonely.delete(keyId);
    this.waiting++;
    try {
      return await group.promise;
    } finally {
      this.waiting--;
    }
  }

  /** The same without waiting. */
  request(keyId: string): void {
    const held = this.pending?.groups.size ?? 0;
    if (held >= this.options.maxWaiting || this.options.backoffLeftMs() > 0) return;
    const slot = this.nextSlot();
    if (!slot.groups.has(keyId)) addGroup(slot, keyId);
  }

  /** The set has changed: what was unknown may be known now. */
  setChanged(): void {
    this.remembered.clear();
    this.fruitless = 0;
    const slot = this.takePending();
    if (slot !== undefined) resolveAll(slot, 'changed');
  }

  /** Ends all waits. */
  close(error: IdentityError): void {
    const slot = this.takePending();
    if (slot !== undefined) rejectAll(slot, error);
  }

  private makeRoom(slot: Slot, newcomer: string): boolean {
    return (this.begun !== undefined && sendOneAway(this.begun, newcomer)) || sendOneAway(slot, newcomer);
  }

  private nextSlot(): Slot {
    const backoffLeftMs = this.options.backoffLeftMs();
    if (backoffLeftMs > 0) throw backedOff(backoffLeftMs);
    return (this.pending ??= this.plan());
  }

  private takePending(): Slot | undefined {
    const slot = this.pending;
    this.pending = undefined;
    slot?.cancel();
    return slot;
  }

  private plan(): Slot {
    const slot: Slot = { groups: new Map(), lonely: new Set(), cancel: () => undefined };
    const waitMs = this.lastBegunMs + this.cooldownMs() - this.options.clock.monotonicMs();
    if (waitMs > 0) slot.cancel = this.options.clock.schedule(() => void this.begin(slot), waitMs);
    else queueMicrotask(() => void this.begin(slot));
    return slot;
  }

  private async begin(slot: Slot): Promise<void> {
    if (this.pending !== slot) return;
    this.pending = undefined;
    const backoffLeftMs = this.options.backoffLeftMs();
    if (backoffLeftMs > 0) return rejectAll(slot, backedOff(backoffLeftMs));
    this.lastBegunMs = this.options.clock.monotonicMs();
    this.begun = slot;
    try {
      const { changed } = await this.options.refresh();
      // A change has reset the count by itself.
      if (!changed) this.fruitless++;
      this.remember(slot.groups.keys());
      resolveAll(slot, 'settled');
      this.settleWhatIsRemembered();
    } catch (error) {
      this.fruitless++;
      rejectAll(slot, error);
    } finally {
      if (this.begun === slot) this.begun = undefined;
    }
  }

  /** Those who came during a refresh may have asked for nothing but what it has shown not to exist. */
  private settleWhatIsRemembered(): void {
    const slot = this.pending;
    if (slot === undefined || ![...slot.groups.keys()].every((keyId) => this.remembered.has(keyId))) return;
    this.takePending();
    resolveAll(slot, 'settled');
  }

  private cooldownMs(): number {
    const { cooldownMs } = this.options;
    const doublings = Math.min(Math.max(0, this.fruitless - PATIENCE + 1), 30);
    return Math.min(cooldownMs * 2 ** doublings, Math.max(cooldownMs, MAX_COOLDOWN_MS));
  }

  /** Ids that the refresh did bring are found before anybody asks here, so remembering them does no harm. */
  private remember(keyIds: Iterable<string>): void {
    const untilMs = this.options.clock.monotonicMs() + this.options.ttlMs;
    for (const keyId of keyIds) {
      this.remembered.delete(keyId);
      if (this.remembered.size >= MAX_REMEMBERED) {
        for (const oldest of this.remembered.keys()) {
          this.remembered.delete(oldest);
          break;
        }
      }
      this.remembered.set(keyId, untilMs);
    }
  }
}

function addGroup(slot: Slot, keyId: string): Group {
  let resolve!: Group['resolve'];
  let reject!: Group['reject'];
  const promise = new Promise<WaitOutcome>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Those who only request do not wait; whoever waits has the same promise.
  promise.catch(() => undefined);
  const group: Group = { waiters: 0, promise, resolve, reject };
  slot.groups.set(keyId, group);
  slot.lonely.add(keyId);
  return group;
}

/** Makes room for one more; false where everybody has company. */
function sendOneAway(slot: Slot, newcomer: string): boolean {
  for (const keyId of slot.lonely) {
    const group = slot.groups.get(keyId);
    if (keyId === newcomer || group === undefined || group.waiters === 0) continue;
    slot.groups.delete(keyId);
    slot.lonely.delete(keyId);
    group.reject(refuse('keys_busy'));
    return true;
  }
  return false;
}

function resolveAll(slot: Slot, outcome: WaitOutcome): void {
  for (const group of slot.groups.values()) group.resolve(outcome);
}

function rejectAll(slot: Slot, error: unknown): void {
  for (const group of slot.groups.values()) group.reject(error);
}

function backedOff(retryAfterMs: number): IdentityError {
  return new IdentityError('keys_unavailable', 'The provider is backed off from after a failed fetch.', {
    retryAfterMs,
  });
}
