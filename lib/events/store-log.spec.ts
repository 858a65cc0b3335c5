import { describe, expect, it } from 'vitest';
import { StoreLog } from './store-log.js';

const FAILED = {
  type: 'store.failed',
  reason: 'no answer within 100 ms',
  failures: 1,
  retryInMs: 125,
} as const;

function open(): { log: StoreLog; lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (line: string) => void lines.push(`${level}: ${line}`);
  return { log: new StoreLog({ log: at('log'), warn: at('warn'), error: at('error') }), lines };
}

describe('StoreLog', () => {
  it('tells a failure and its end, once a minute at the most', () => {
    const { log, lines } = open();
    for (let time = 0; time < 5; time++) {
      log.write(FAILED);
      log.write({ type: 'store.recovered', downMs: 1_200 });
    }
    expect(lines).toEqual([
      'warn: the store does not answer, and is left alone for a moment: no answer within 100 ms',
      'log: the store answers again after 2 s',
    ]);
  });

  it('tells no end of what was not told', () => {
    const { log, lines } = open();
    log.write({ type: 'store.recovered', downMs: 5 });
    expect(lines).toEqual([]);
  });

  it('tells that the memory is full', () => {
    const { log, lines } = open();
    log.write({ type: 'replays.full', ofOneKey: false, maxEntries: 500_000 });
    expect(lines).toEqual([
      'error: the memory of used proofs is full (500000); more of them get a 503 until some have ended',
    ]);
  });
});
