import { byId, icon, make, setText, show } from './dom.js';
import { formatWindow } from './format.js';
import { judgeCache, judgeKeys, judgeProvider, judgeRefusals, judgeRotation } from './health-assessment.js';

/** @import { DashboardState } from '../dashboard-state.js' */
/** @import { Level, Verdict } from './health-assessment.js' */

/** Said to screen readers what the shape says to everybody else. */
/** @type {Readonly<Record<Level, string>>} */
const SPOKEN = { ok: 'Good', warn: 'Needs a look', bad: 'Bad', idle: 'For information' };

/** An answer of more characters than that is set smaller, or it takes three lines of a tile. */
const LONG = 18;

/**
 * @typedef {object} Question
 * @property {string} question
 * @property {string} target - the id of what stands below it.
 * @property {(state: DashboardState, nowMs: number) => Verdict} judge
 * @property {'window' | 'now' | 'since the start'} period - what the answer is about.
 */

/** @type {readonly Question[]} */
const QUESTIONS = [
  {
    question: 'How many are refused, and why?',
    target: 'refusals-title',
    judge: judgeRefusals,
    period: 'window',
  },
  { question: 'Are keys fresh?', target: 'issuers-title', judge: judgeKeys, period: 'now' },
  { question: 'Is the provider slow?', target: 'provider-title', judge: judgeProvider, period: 'window' },
  {
    question: 'Did keys rotate?',
    target: 'incidents-title',
    judge: judgeRotation,
    period: 'since the start',
  },
  { question: 'Is the cache working?', target: 'caches-title', judge: judgeCache, period: 'window' },
];

/** The five questions of an operator, each with its answer. */
export function createOverview() {
  const tiles = QUESTIONS.map(({ question, target, judge, period }) => ({
    ...makeTile(question, target),
    judge,
    period,
  }));
  byId('tiles').append(...tiles.map(({ item }) => item));
  return {
    /**
     * @param {DashboardState} state
     * @param {number} nowMs
     * @param {string | undefined} asOf - when the state is an old one: from when it is.
     */
    update(state, nowMs, asOf) {
      const lastMinutes = `last ${formatWindow(state.window.lengthMs)}`;
      for (const tile of tiles) {
        tile.update(tile.judge(state, nowMs), asOf ?? (tile.period === 'window' ? lastMinutes : tile.period));
      }
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
  const when = make('span', { class: 'tile-when' });
  const link = make(
    'a',
    { href: `#${target}`, class: 'tile' },
    make('span', { class: 'tile-question' }, question),
    make('span', { class: 'tile-answer' }, shape, spoken, label),
    detail,
    ' ',
    numbers,
    ' ',
    when,
  );
  return {
    item: make('li', {}, link),
    /**
     * @param {Verdict} verdict
     * @param {string} period
     */
    update(verdict, period) {
      const { level, shape: name = level } = verdict;
      link.dataset['level'] = level;
      link.dataset['size'] = verdict.label.length > LONG ? 'long' : 'short';
      show(shape, name, () => [icon(name)]);
      setText(spoken, `${SPOKEN[level]}: `);
      setText(label, verdict.label);
      setText(detail, verdict.detail);
      setText(numbers, verdict.numbers ?? '');
      setText(when, period);
    },
  };
}
