import type { DenialCode } from './denials.js';
import { DENIAL_CODES } from './denials.js';
import { Counters } from './counters.js';

/** Calls that were allowed, and that a requirement would have denied if it were enforced. */
export interface WouldDenyCount {
  readonly code: DenialCode;
  /** A name of the option `clientNames`; `other` for clients without one, `none` if no client is named. */
  readonly client: string;
  readonly count: number;
}

/** Counts of one issuer: a counter for each code and each name of a client, allocated with the first count. */
export class WouldDenyCounts {
  private readonly counters: Counters;

  constructor(private readonly clients: readonly string[]) {
    this.counters = new Counters(DENIAL_CODES.length * clients.length);
  }

  add(code: DenialCode, client: string): void {
    this.counters.increment(DENIAL_CODES.indexOf(code) * this.clients.length + this.clients.indexOf(client));
  }

  /** What has happened: a row for each code and client from the start would be more series than anybody reads. */
  rows(): readonly WouldDenyCount[] {
    return DENIAL_CODES.flatMap((code, row) =>
      this.clients.flatMap((client, column) => {
        const count = this.counters.at(row * this.clients.length + column);
        return count > 0 ? [{ code, client, count }] : [];
      }),
    );
  }
}
