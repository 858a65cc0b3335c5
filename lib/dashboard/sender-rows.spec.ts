import { describe, expect, it } from 'vitest';
import { senderRows } from './sender-rows.js';

describe('senderRows', () => {
  it('adds the issuers up for each client, with those first that send most bearer tokens', () => {
    expect(
      senderRows([
        { sender: 'dpop', client: 'web shop', count: 3 },
        { sender: 'bearer', client: 'web shop', count: 1 },
        { sender: 'bearer', client: 'other', count: 5 },
        { sender: 'mtls', client: 'batch', count: 2 },
        { sender: 'bearer', client: 'web shop', count: 2 },
      ]),
    ).toEqual([
      { client: 'other', counts: { bearer: 5, dpop: 0, mtls: 0 } },
      { client: 'web shop', counts: { bearer: 3, dpop: 3, mtls: 0 } },
      { client: 'batch', counts: { bearer: 0, dpop: 0, mtls: 2 } },
    ]);
    expect(senderRows([])).toEqual([]);
  });
});
