/** Keys leave together with those that end in the same second. */
const SLOT_MS = 1_000;

/** What became of a key: `full` if it was not kept, because no more keys fit. */
export type Kept = 'added' | 'present' | 'full';

/**
 * Keys that are kept for a time, in memory. Each one is kept at least as long as asked for, and a second longer at the most;
 * then it gives its place back. None leaves sooner: if no more fit, new ones are declined.
 *
 * One map finds a key, and one list for each second says which ones leave. Pure: the time is handed in. If it
 * is set back, keys are kept for as much longer.
 */
export class KeyMemory {
  /** The second in which each key leaves. */
  private readonly leaving = new Map<string, number>();
  private readonly slots = new Map<number, string[]>();
  /** Members of all slots: forgotten keys are among them until their second is over. */
  private places = 0;
  private firstSlot = 0;

  constructor(readonly maxEntries: number) {}

  /** Places in use. */
  get size(): number {
    return this.places;
  }

  add(key: string, ttlMs: number, nowMs: number): Kept {
    this.dropEnded(Math.floor(nowMs / SLOT_MS));
    if (this.leaving.has(key)) return 'present';
    if (this.places >= this.maxEntries) return 'full';
    const slot = Math.floor((nowMs + ttlMs) / SLOT_MS);
    this.leaving.set(key, slot);
    const keys = this.slots.get(slot);
    if (keys === undefined) this.slots.set(slot, [key]);
    else keys.push(key);
    this.places++;
    return 'added';
  }

  /** As if the key had not been added. Its place stays in use until its time is over, so that forgetting is no way to fill memory. */
  forget(key: string): void {
    this.leaving.delete(key);
  }

  private dropEnded(slotOfNow: number): void {
    if (slotOfNow === this.firstSlot) return;
    this.firstSlot = slotOfNow;
    for (const [slot, keys] of this.slots) {
      if (slot >= slotOfNow) continue;
      this.slots.delete(slot);
      this.places -= keys.length;
      for (const key of keys) {
        // One that was forgotten and came again leaves later.
        if (this.leaving.get(key) === slot) this.leaving.delete(key);
      }
    }
  }
}
