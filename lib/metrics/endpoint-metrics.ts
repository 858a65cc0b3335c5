import { REQUEST_OUTCOMES, type RequestOutcome } from '../http/request-recorder.js';
import { Counters } from './counters.js';
import { DurationHistogram } from './duration-histogram.js';

/** How requests to one endpoint of providers ended, and how long they took. */
export class EndpointMetrics {
  constructor(
    private readonly outcomes = new Counters(REQUEST_OUTCOMES.length),
    readonly durations = DurationHistogram.empty(),
  ) {}

  record(outcome: RequestOutcome, durationMs: number): void {
    this.outcomes.increment(REQUEST_OUTCOMES.indexOf(outcome));
    this.durations.record(durationMs);
  }

  copy(): EndpointMetrics {
    return new EndpointMetrics(this.outcomes.copy(), this.durations.copy());
  }

  /** What was recorded since an earlier copy was made; everything if there was none. */
  since(earlier: EndpointMetrics | undefined): EndpointMetrics {
    if (earlier === undefined) return this;
    return new EndpointMetrics(
      this.outcomes.since(earlier.outcomes),
      this.durations.since(earlier.durations),
    );
  }

  /** All outcomes, those that never happened too: alerts on an increase need the 0 before it. */
  counts(): readonly { readonly outcome: RequestOutcome; readonly count: number }[] {
    return REQUEST_OUTCOMES.map((outcome, index) => ({ outcome, count: this.outcomes.at(index) }));
  }
}
