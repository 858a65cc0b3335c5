/** Counts that only grow, by index. */
export class Counters {
  /** @param values - allocated with the first count: most issuers of many are idle. */
  constructor(
    private readonly length: number,
    private values?: Float64Array,
  ) {}

  increment(index: number): void {
    const values = (this.values ??= new Float64Array(this.length));
    values[index] = (values[index] ?? 0) + 1;
  }

  at(index: number): number {
    return this.values?.[index] ?? 0;
  }

  get total(): number {
    return this.values?.reduce((all, count) => all + count, 0) ?? 0;
  }

  copy(): Counters {
    return new Counters(this.length, this.values?.slice());
  }

  /** What was counted since an earlier copy of these counters was made. */
  since(earlier: Counters): Counters {
    return new Counters(
      this.length,
      this.values?.map((count, index) => count - earlier.at(index)),
    );
  }
}
