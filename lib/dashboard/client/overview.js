import { byId, icon, make, setText, show } from './dom.js';
import { judgeCache, judgeKeys, judgeProvider, judgeRefusals, judgeRotation } from './verdicts.js';

/** @import { DashboardState } from '../dashboard-state.js' */
/** @import { Level, Verdict } from './verdicts.js' */

/** Said to screen readers what the shape says to everybody else. */
/** @type {Readonly<Record<Level, string>>} */
const SPOKEN = { ok: 'Good', warn: 'Needs a look', bad: 'Bad', idle: 'For information' };

/** @type {readonly { question: string, target: string, judge: (state: DashboardState, nowMs: number) => Verdict }[]} */
const QUESTIONS = [
  { question: 'How many are refused, and why?', target: 'refusals-title', judge: judgeRefusals },
  { question: 'Are keys fresh?', target: 'issuers-title', judge: judgeKeys },
  { question: 'Is the provider slow?', target: 'provider-title', judge: judgeProvider },
  { question: 'Did keys rotate?', target: 'incidents-title', judge: judgeRotation },
  { question: 'Is the cache working?', target: 'caches-title', judge: judgeCache },
];

/** The five questions of an operator, each with its answer. */
export function createOverview() {
  const tiles = QUESTIONS.map(({ question, target, judge }) => ({ ...makeTile(question, target), judge }));
  byId('tiles').append(...tiles.map(({ item }) => item));
  return {
    /**
     * @param {DashboardState} state
     * @param {number} nowMs
     */
    update(state, nowMs) {
      for (const tile of tiles) tile.update(tile.judge(state, nowMs));
    },
  };
}

/**
 * @param {string} question
 * @param {string} target
 */
function makeTile(question, target) {
  const shape = make('span', { class: 'tile-shape' });
  const spoken = make('span', { class: 'sr' });
  const label = make('strong', {});
  const detail = make('span', { class: 'tile-detail' });
  const numbers = make('span', { class: 'tile-numbers' });
  const link = make(
    'a',
    { href: `#${target}`, class: 'tile' },
    make('span', { class: 'tile-question' }, question),
    make('span', { class: 'tile-answer' }, shape, spoken, label),
    detail,
    ' ',
    numbers,
  );
  return {
    item: make('li', {}, link),
    /** @param {Verdict} verdict */
    update(verdict) {
      const { level, shape: name = level } = verdict;
      link.dataset['level'] = level;
      show(shape, name, () => [icon(name)]);
      setText(spoken, `${SPOKEN[level]}: `);
      setText(label, verdict.label);
      setText(detail, verdict.detail);
      setText(numbers, verdict.numbers ?? '');
    },
  };
}
