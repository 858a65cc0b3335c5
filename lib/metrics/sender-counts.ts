import { Counters } from './counters.js';

/** What proved the sender of a valid token: nothing for a bearer token, a proof (RFC 9449) or a certificate (RFC 8705) for a bound one. */
export const SENDERS = ['bearer', 'dpop', 'mtls'] as const;
export type Sender = (typeof SENDERS)[number];

/** Valid tokens, by the way they came and by client. */
export interface SenderCount {
  readonly sender: Sender;
  /** A name of the option `clientNames`; `other` for clients without one, `none` if no client is named. */
  readonly client: string;
  readonly count: number;
}

/** Counts of one issuer: a counter for each sender and each name of a client, allocated with the first count. */
export class SenderCounts {
  private readonly counters: Counters;

  constructor(private readonly clients: readonly string[]) {
    this.counters = new Counters(SENDERS.length * clients.length);
  }

  add(sender: Sender, client: string): void {
    this.counters.increment(SENDERS.indexOf(sender) * this.clients.length + this.clients.indexOf(client));
  }

  /** What has happened: a row for each client from the start would be more series than anybody reads. */
  rows(): readonly SenderCount[] {
    return SENDERS.flatMap((sender, row) =>
      this.clients.flatMap((client, column) => {
        const count = this.counters.at(row * this.clients.length + column);
        return count > 0 ? [{ sender, client, count }] : [];
      }),
    );
  }
}
