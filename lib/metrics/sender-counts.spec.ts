import { expect, it } from 'vitest';
import { SenderCounts } from './sender-counts.js';

it('counts by sender and client, and shows what has happened', () => {
  const counts = new SenderCounts(['web', 'other', 'none']);
  expect(counts.rows()).toEqual([]);
  for (const client of ['web', 'web', 'none']) counts.add('bearer', client);
  counts.add('dpop', 'web');
  expect(counts.rows()).toEqual([
    { sender: 'bearer', client: 'web', count: 2 },
    { sender: 'bearer', client: 'none', count: 1 },
    { sender: 'dpop', client: 'web', count: 1 },
  ]);
});
