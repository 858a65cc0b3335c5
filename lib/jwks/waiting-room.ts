/** One of the places; several that belong together may share it. */
interface Place {
  readonly group: string;
  /** All places of the group, this one included. */
  readonly places: Set<Place>;
  readonly sendAway: Set<() => void>;
}

/** Requests that share a place in each group: the tokens of one batch. */
export type Party = Map<string, Place>;

export interface Guest {
  /** What it waits for. Places are shared out among groups, not among requests. */
  readonly group: string;
  /** Called when the place is given to somebody else. */
  readonly sendAway: () => void;
  readonly party?: Party | undefined;
}

/** As many groups, and no more, share the places evenly. */
const MOST_SHARING_EVENLY = 8;

/**
 * The places of those who wait for the keys of one issuer. When all are taken, a newcomer may get the place of another:
 *
 * - Of many groups, the longest idle ones have to go, the small ones first: made-up ids come once or twice, the id of
 *   a new key comes again and again.
 * - A few groups share the places evenly, so that one id asked for by many cannot keep the others out.
 */
export class WaitingRoom {
  /** The group that was joined last stands last. */
  private readonly groups = new Map<string, Set<Place>>();
  private readonly few: number;
  private taken = 0;

  constructor(private readonly max: number) {
    this.few = Math.max(2, Math.min(MOST_SHARING_EVENLY, Math.floor(max / 16)));
  }

  /** @returns how to leave; undefined if the room is full and nobody has to go. */
  enter({ group, sendAway, party }: Guest): (() => void) | undefined {
    const shared = party?.get(group);
    if (shared !== undefined) return this.join(shared, sendAway, party);
    if (this.taken >= this.max && !this.makeRoom(group)) return undefined;
    const places = this.groups.get(group) ?? new Set();
    const place: Place = { group, places, sendAway: new Set() };
    this.groups.delete(group);
    this.groups.set(group, places.add(place));
    this.taken++;
    party?.set(group, place);
    return this.join(place, sendAway, party);
  }

  private join(place: Place, sendAway: () => void, party: Party | undefined): () => void {
    // Each guest is one entry, even if two hand over the same function.
    const entry = (): void => sendAway();
    place.sendAway.add(entry);
    return () => {
      if (place.sendAway.delete(entry) && place.sendAway.size === 0) this.free(place, party);
    };
  }

  private makeRoom(newcomer: string): boolean {
    const isFew = this.groups.size <= this.few;
    const places = isFew ? this.findLargest(newcomer) : this.findIdle(newcomer);
    const oldest = places?.values().next().value;
    if (oldest === undefined) return false;
    // The last one who leaves frees the place.
    for (const sendAway of oldest.sendAway) sendAway();
    return this.taken < this.max;
  }

  /** The group that has the most places, if the newcomer's has fewer. */
  private findLargest(newcomer: string): Set<Place> | undefined {
    let found = this.groups.get(newcomer);
    for (const places of this.groups.values()) if (places.size > (found?.size ?? 0)) found = places;
    return found === this.groups.get(newcomer) ? undefined : found;
  }

  /** The smallest of the groups that were joined the longest time ago. */
  private findIdle(newcomer: string): Set<Place> | undefined {
    let found: Set<Place> | undefined;
    let looked = 0;
    for (const [group, places] of this.groups) {
      if (group === newcomer) continue;
      if (found === undefined || places.size < found.size) found = places;
      if (++looked >= this.few) break;
    }
    return found;
  }

  private free(place: Place, party: Party | undefined): void {
    const { group, places } = place;
    places.delete(place);
    this.taken--;
    if (places.size === 0) this.groups.delete(group);
    party?.delete(group);
  }
}
