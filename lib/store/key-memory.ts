/** Keys leave together with those that end in the same second. */
const SLOT_MS = 1_000;

/** What became of a key: not kept if it is `full`, or `owner-full`, because its owner has as many as one may have. */
export type Kept = 'added' | 'present' | 'full' | 'owner-full';

/** Both clocks: milliseconds since 1970, which may be set, and milliseconds that only grow. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Places of an owner, in all slots. */
interface Owner {
  readonly name: string;
  places: number;
}

interface Slot {
  readonly keys: string[];
  /** The owner of each key. */
  readonly owners: (Owner | undefined)[];
  /** By the monotonic clock. */
  keptUntilMs: number;
}

/**
 * Keys that are kept for a time, in memory. Each one is kept at least as long as asked for, and a second longer at the most;
 * then it gives its place back. None leaves sooner: if no more fit, new ones are declined.
 *
 * One map finds a key, and one list for each second says which ones leave. Pure: the time is handed in. A key leaves when its time is
 * over by both clocks: the wall clock judges the age of what is kept, and may be set. Set back, it keeps keys for as much longer; set
 * forward, it ends none of them.
 */
export class KeyMemory {
  /** The second in which each key leaves. */
  private readonly leaving = new Map<string, number>();
  private readonly slots = new Map<number, Slot>();
  private readonly owners = new Map<string, Owner>();
  /** Members of all slots: forgotten keys are among them until their second is over. */
  private places = 0;
  private firstSlot = 0;

  /** @param maxPerOwner - places that keys of one owner may have. */
  constructor(
    readonly maxEntries: number,
    readonly maxPerOwner = maxEntries,
  ) {}

  /** Places in use. */
  get size(): number {
    return this.places;
  }

  /** @param owner - whose key it is; without one, only the number of all keys is bounded. */
  add(key: string, ttlMs: number, now: Now, owner?: string): Kept {
    this.dropEnded(Math.floor(now.wallMs / SLOT_MS), now.monotonicMs);
    if (this.leaving.has(key)) return 'present';
    if (this.places >= this.maxEntries) return 'full';
    const of = owner === undefined ? undefined : this.ownerNamed(owner);
    if (of !== undefined && of.places >= this.maxPerOwner) return 'owner-full';
    const slot = Math.floor((now.wallMs + ttlMs) / SLOT_MS);
    this.leaving.set(key, slot);
    this.put(slot, key, of, now.monotonicMs + ttlMs);
    return 'added';
  }

  /** As if the key had not been added. Its place stays in use until its time is over, so that forgetting is no way to fill memory. */
  forget(key: string): void {
    this.leaving.delete(key);
  }

  private ownerNamed(name: string): Owner {
    const known = this.owners.get(name);
    if (known !== undefined) return known;
    const owner = { name, places: 0 };
    this.owners.set(name, owner);
    return owner;
  }

  private put(at: number, key: string, owner: Owner | undefined, keptUntilMs: number): void {
    const slot = this.slots.get(at);
    if (slot === undefined) this.slots.set(at, { keys: [key], owners: [owner], keptUntilMs });
    else {
      slot.keys.push(key);
      slot.owners.push(owner);
      slot.keptUntilMs = Math.max(slot.keptUntilMs, keptUntilMs);
    }
    this.places++;
    if (owner !== undefined) owner.places++;
  }

  private dropEnded(slotOfNow: number, monotonicMs: number): void {
    if (slotOfNow === this.firstSlot) return;
    this.firstSlot = slotOfNow;
    for (const [at, slot] of this.slots) {
      if (at >= slotOfNow || slot.keptUntilMs > monotonicMs) continue;
      this.slots.delete(at);
      this.drop(at, slot);
    }
  }

  private drop(at: number, { keys, owners }: Slot): void {
    this.places -= keys.length;
    for (const key of keys) {
      // One that was forgotten and came again leaves later.
      if (this.leaving.get(key) === at) this.leaving.delete(key);
    }
    for (const owner of owners) {
      if (owner !== undefined && --owner.places === 0) this.owners.delete(owner.name);
    }
  }
}
