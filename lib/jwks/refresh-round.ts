import { IdentityError } from '../errors/identity-error.js';
import { MAX_REMEMBERED } from './missed-ids.js';

/**
 * - `confirmed-absent`: a refresh that began after the call has succeeded; what it did not bring does not exist.
 * - `changed`: the set changed for another reason; worth another look.
 */
export type WaitOutcome = 'confirmed-absent' | 'changed';

export interface Waiter {
  readonly id: string;
  readonly resolve: (outcome: WaitOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** One refresh, and everybody whom it answers. */
export class RefreshRound {
  readonly waiters = new Set<Waiter>();
  /** Ids whose requests do not wait: they find the answer when they come back. */
  readonly asked = new Set<string>();
  /** Its moment has come while the refresh before it was still under way. */
  isDue = false;
  /** Takes its moment back. */
  cancel: () => void = () => undefined;

  /** @param atMs - when it begins, or began. */
  constructor(public atMs: number) {}

  get isWanted(): boolean {
    return this.waiters.size > 0 || this.asked.size > 0;
  }

  /** Takes an id along; of too many the latest. */
  note(id: string): void {
    this.asked.delete(id);
    if (this.asked.size >= MAX_REMEMBERED) {
      const { value: oldest } = this.asked.values().next();
      if (oldest !== undefined) this.asked.delete(oldest);
    }
    this.asked.add(id);
  }

  rejectAll(error: unknown): void {
    const reason = error instanceof Error ? error : new IdentityError('keys_unavailable');
    for (const waiter of this.waiters) waiter.reject(reason);
  }
}
