import { describe, expect, it } from 'vitest';
import { compareFigures, hasFailed } from '../../bench/report/compare-figures.mjs';
import { judgeTargets, TARGETS } from '../../bench/report/targets.mjs';
import { noiseOf } from '../../bench/support/busyness.mjs';
import { less, more } from '../../bench/support/part.mjs';
import { ratioSpread, spreadOf } from '../../bench/support/statistics.mjs';

describe('comparing figures of the bench', () => {
  const verdictOf = (before: ReturnType<typeof less>, now: number, tolerance = 0.1): string | undefined =>
    compareFigures({ a: before }, { a: { ...before, value: now } }, tolerance)[0]?.verdict;

  it.each([
    ['more', more(1), 0.9, 'same'],
    ['more', more(1), 0.89, 'worse'],
    ['more', more(1), 1.11, 'better'],
    ['less', less(1), 1.1, 'same'],
    ['less', less(1), 1.11, 'worse'],
    ['less', less(1), 0.89, 'better'],
    ['less, nothing committed', less(0), 0, 'same'],
    ['less, nothing committed', less(0), 1, 'worse'],
    ['not a number', less(1), NaN, 'worse'],
    ['not a number', more(1), NaN, 'worse'],
  ])('%s: %j against %d is %s', (_name, before, now, verdict) => {
    expect(verdictOf(before, now)).toBe(verdict);
  });

  it('takes the tolerance of the committed figure, and not of the measured one', () => {
    expect(verdictOf(more(100), 80, 0.2)).toBe('same');
    expect(verdictOf(more(100), 79, 0.2)).toBe('worse');
  });

  it('misses a committed figure that is not measured any more, and compares a new one with nothing', () => {
    const comparisons = compareFigures({ gone: more(1) }, { added: more(1) }, 0.1);
    expect(comparisons).toEqual([{ name: 'gone', verdict: 'missing', committed: 1, measured: undefined }]);
    expect(hasFailed(comparisons)).toBe(true);
  });

  it('fails for one that is worse, whatever the others are', () => {
    const committed = { a: more(1), b: more(1) };
    expect(hasFailed(compareFigures(committed, { a: more(2), b: more(0.5) }, 0.1))).toBe(true);
    expect(hasFailed(compareFigures(committed, { a: more(2), b: more(1) }, 0.1))).toBe(false);
  });
});

describe('targets of the bench', () => {
  const [target] = TARGETS;
  const judge = (value: ReturnType<typeof less>): { met: boolean; missedBy: number } | undefined =>
    judgeTargets({ [target!.figure]: value })[0];

  it('says by how much one is missed, in the direction that counts', () => {
    expect(judge(more(target!.goal))).toMatchObject({ met: true });
    expect(judge(more(target!.goal - 0.25))).toMatchObject({ met: false, missedBy: 0.25 });
    expect(judge(less(target!.goal + 0.25))).toMatchObject({ met: false, missedBy: 0.25 });
    expect(judge(less(target!.goal - 0.25))).toMatchObject({ met: true });
  });

  it('is not met by what was not measured', () => {
    expect(judgeTargets({}).every(({ met }) => !met)).toBe(true);
    expect(judge(more(NaN))).toMatchObject({ met: false });
  });

  it('names each figure once', () => {
    expect(new Set(TARGETS.map(({ figure }) => figure)).size).toBe(TARGETS.length);
  });
});

describe('statistics of the bench', () => {
  it('interpolates quartiles', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ q1: 1.75, median: 2.5, q3: 3.25 });
    expect(spreadOf([7])).toEqual({ q1: 7, median: 7, q3: 7 });
  });

  it('takes ratios within a round, so that a slow round of both changes nothing', () => {
    expect(ratioSpread([5, 50, 500], [10, 100, 1_000])).toEqual({ q1: 0.5, median: 0.5, q3: 0.5 });
    expect(() => ratioSpread([1], [1, 2])).toThrow('as many rounds');
  });

  it.each([
    ['others took a core', { othersShare: 0.2 }],
    ['the calibration loop varied', { calibration: { q1: 1, median: 1.5, q3: 2 } }],
    ['the unguarded row varied', { base: { q1: 1, median: 1.5, q3: 2 } }],
  ])('refuses a run in which %s', (_name, run) => {
    expect(noiseOf(run)).toHaveLength(1);
  });

  it('accepts a quiet run, and one of which nothing is known', () => {
    const quiet = { q1: 0.99, median: 1, q3: 1.01 };
    expect(noiseOf({ othersShare: 0.01, calibration: quiet, base: quiet })).toEqual([]);
    expect(noiseOf({})).toEqual([]);
  });
});
