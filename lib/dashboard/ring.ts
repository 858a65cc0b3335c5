/** The newest items, in a bounded number. */
export class Ring<T> {
  private readonly held: T[] = [];

  constructor(readonly capacity: number) {}

  push(item: T): void {
    this.held.push(item);
    if (this.held.length > this.capacity) this.held.shift();
  }

  /** Oldest first. */
  items(): readonly T[] {
    return [...this.held];
  }
}
