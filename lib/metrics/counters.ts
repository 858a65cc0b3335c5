/** Counts that only grow, one cell for each thing that is counted. */
export class Counters {
  /** @param held - made with the first count: most issuers of many are idle. */
  constructor(
    private readonly length: number,
    private held?: Float64Array,
  ) {}

  add(cell: number): void {
    const held = (this.held ??= new Float64Array(this.length));
    held[cell] = (held[cell] ?? 0) + 1;
  }

  at(cell: number): number {
    return this.held?.[cell] ?? 0;
  }

  get total(): number {
    return this.held?.reduce((all, count) => all + count, 0) ?? 0;
  }

  copy(): Counters {
    return new Counters(this.length, this.held?.slice());
  }

  since(earlier: Counters): Counters {
    return new Counters(
      this.length,
      this.held?.map((count, cell) => count - earlier.at(cell)),
    );
  }
}
