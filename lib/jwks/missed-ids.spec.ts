import { describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import { MAX_REMEMBERED, MissedIds } from './missed-ids.js';

function create(mostMs = 5_000, firstMs = 2_000): { clock: FakeClock; ids: MissedIds } {
  const clock = new FakeClock();
  return { clock, ids: new MissedIds({ firstMs, mostMs, clock }) };
}

/** How long the id is remembered from now on. */
async function lastsMs({ clock, ids }: ReturnType<typeof create>, id: string): Promise<number> {
  let lasted = 0;
  for (; ids.has(id); lasted += 100) await clock.advance(100);
  return lasted;
}

describe('what a refresh did not bring', () => {
  it('is remembered shortly at first, longer when it is missed again, and never longer than the most', async () => {
    const bench = create();
    const lasted: number[] = [];
    for (let round = 0; round < 4; round++) {
      bench.ids.add('a');
      lasted.push(await lastsMs(bench, 'a'));
    }
    expect(lasted).toEqual([2_000, 4_000, 5_000, 5_000]);
  });

  it('is a first miss again after a quiet time', async () => {
    const bench = create();
    bench.ids.add('a');
    await bench.clock.advance(4_000);
    bench.ids.add('a');
    expect(await lastsMs(bench, 'a')).toBe(2_000);
  });

  it('leaves memory by itself, though nobody asks for it again', async () => {
    const { clock, ids } = create();
    for (let index = 0; index < 1_000; index++) ids.add(`id ${String(index)}`);
    expect(ids.size).toBe(1_000);
    await clock.advance(15_000);
    expect([ids.size, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('leaves memory when its time is over, and not before', async () => {
    const { clock, ids } = create();
    ids.add('first');
    await clock.advance(4_900);
    ids.add('last');
    await clock.advance(100);
    expect([ids.size, ids.has('last'), clock.pendingTimers]).toEqual([1, true, 1]);
    await clock.advance(5_000);
    expect([ids.size, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('leaves memory with the look that comes in the very moment', async () => {
    const { clock, ids } = create(5_000, 2_500);
    ids.add('a');
    await clock.advance(5_000);
    expect([ids.size, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('does not keep the process alive', async () => {
    const { clock, ids } = create();
    const schedule = vi.spyOn(clock, 'schedule');
    ids.add('first');
    await clock.advance(4_900);
    ids.add('last');
    await clock.advance(100);
    const background = [expect.any(Function), 5_000, { ref: false }];
    expect(schedule.mock.calls).toEqual([background, background]);
  });

  it('is bounded in number; the oldest leaves', () => {
    const { ids } = create();
    for (let index = 0; index <= MAX_REMEMBERED; index++) ids.add(`id ${String(index)}`);
    expect(ids.size).toBe(MAX_REMEMBERED);
    expect([ids.has('id 0'), ids.has('id 1'), ids.has(`id ${String(MAX_REMEMBERED)}`)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is not remembered at all where the most is 0', () => {
    const { clock, ids } = create(0);
    ids.add('a');
    expect([ids.has('a'), ids.size, clock.pendingTimers]).toEqual([false, 0, 0]);
  });

  it('is forgotten at once by clear', () => {
    const { clock, ids } = create();
    ids.add('a');
    ids.clear();
    expect([ids.has('a'), clock.pendingTimers]).toEqual([false, 0]);
    ids.clear();
    ids.add('a');
    expect([ids.has('a'), clock.pendingTimers]).toEqual([true, 1]);
  });

  it('is nothing to clear before anything was missed', () => {
    const { ids } = create();
    ids.clear();
    expect(ids.size).toBe(0);
  });
});
