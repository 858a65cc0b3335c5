import { SENDERS, type Sender, type SenderCount } from '../metrics/sender-counts.js';

/** How the valid tokens of a client came, since the start. */
export interface SenderRow {
  /** A name of the option `clientNames`; `other` for clients without one, `none` if no client is named. */
  readonly client: string;
  readonly counts: Readonly<Record<Sender, number>>;
}

/** Adds the issuers up, a row for each client; those with most bearer tokens come first, because they keep `require` off. */
export function senderRows(counts: readonly SenderCount[]): readonly SenderRow[] {
  const clients = [...new Set(counts.map(({ client }) => client))];
  const rows = clients.map((client) => {
    const countOf = (sender: Sender): number =>
      counts
        .filter((each) => each.client === client && each.sender === sender)
        .reduce((all, { count }) => all + count, 0);
    const entries = SENDERS.map((sender) => [sender, countOf(sender)] as const);
    return { client, counts: Object.fromEntries(entries) as Record<Sender, number> };
  });
  return rows.toSorted((a, b) => b.counts.bearer - a.counts.bearer);
}
