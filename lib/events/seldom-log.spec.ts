import { expect, it } from 'vitest';
import { SeldomLog } from './seldom-log.js';

it('writes a line a minute, and how many there were besides', () => {
  const lines: string[] = [];
  let nowMs = 0;
  let made = 0;
  const log = new SeldomLog(
    (line) => lines.push(line),
    () => nowMs,
  );
  const add = (): void => log.add(() => `line ${String(++made)}`);
  for (let index = 0; index < 1_000; index++) add();
  nowMs = 59_999;
  add();
  expect(lines).toEqual(['line 1']);
  nowMs = 60_000;
  add();
  nowMs = 120_000;
  add();
  expect(lines).toEqual(['line 1', 'line 2 (and 1000 times before, not logged)', 'line 3']);
});
