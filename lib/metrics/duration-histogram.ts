/** Upper bounds in milliseconds, from a token that was verified before to a provider that times out. */
export const DURATION_BOUNDS_MS: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
];

/** Durations, in milliseconds. */
export interface DurationStats {
  readonly count: number;
  readonly sumMs: number;
  /** 0 where nothing was measured; so are the others. At most 7 % above the true ones. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Steps of 100 ns; 16 to each doubling, up to 200 seconds. */
const STEP_MS = 0.0001;
const MAX_STEPS = 2 ** 31 - 1;
const CELLS = 29 * 16;

/**
 * Counts durations in cells that grow with them, 16 to each doubling, and in those of
 * {@link DURATION_BOUNDS_MS}. The histograms of node:perf_hooks hold no counts below a bound, which
 * Prometheus asks for, and cannot be subtracted, which a sliding window needs; they cost more too.
 */
export class DurationHistogram {
  private constructor(
    private readonly cells: Float64Array,
    private readonly bounded: Float64Array,
    private sum: number,
  ) {}

  static empty(): DurationHistogram {
    return new DurationHistogram(new Float64Array(CELLS), new Float64Array(DURATION_BOUNDS_MS.length + 1), 0);
  }

  record(durationMs: number): void {
    const ms = durationMs > 0 ? durationMs : 0;
    this.sum += ms;
    const cell = cellOf(Math.min(ms / STEP_MS, MAX_STEPS) | 0);
    this.cells[cell] = (this.cells[cell] ?? 0) + 1;
    let bound = 0;
    while (ms > (DURATION_BOUNDS_MS[bound] ?? Infinity)) bound++;
    this.bounded[bound] = (this.bounded[bound] ?? 0) + 1;
  }

  copy(): DurationHistogram {
    return new DurationHistogram(this.cells.slice(), this.bounded.slice(), this.sum);
  }

  /** What was recorded since an earlier copy of this was made. */
  since(earlier: DurationHistogram): DurationHistogram {
    return new DurationHistogram(
      this.cells.map((count, cell) => count - (earlier.cells[cell] ?? 0)),
      this.bounded.map((count, bound) => count - (earlier.bounded[bound] ?? 0)),
      this.sum - earlier.sum,
    );
  }

  get count(): number {
    return this.bounded.reduce((all, count) => all + count, 0);
  }

  get sumMs(): number {
    return this.sum;
  }

  /** How many took at most as long as each of {@link DURATION_BOUNDS_MS}. */
  cumulative(): readonly number[] {
    let all = 0;
    return DURATION_BOUNDS_MS.map((_, bound) => (all += this.bounded[bound] ?? 0));
  }

  stats(): DurationStats {
    const { count } = this;
    const at = (part: number): number => (count === 0 ? 0 : this.quantileMs(Math.ceil(part * count)));
    return { count, sumMs: this.sum, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(1) };
  }

  /** Upper end of the cell in which the duration of this rank is. */
  private quantileMs(rank: number): number {
    let all = 0;
    let cell = 0;
    while (cell < CELLS - 1 && (all += this.cells[cell] ?? 0) < rank) cell++;
    return (firstStepOf(cell + 1) - 1) * STEP_MS || STEP_MS;
  }
}

/** 0 to 15 each on its own; then 16 to each doubling. */
function cellOf(steps: number): number {
  if (steps < 16) return steps;
  const exponent = 31 - Math.clz32(steps);
  return ((exponent - 4) << 4) + (steps >>> (exponent - 4));
}

function firstStepOf(cell: number): number {
  if (cell < 16) return cell;
  const doubling = (cell >> 4) - 1;
  return (16 + (cell & 15)) * 2 ** doubling;
}
