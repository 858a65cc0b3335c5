import { byId, icon, make, setText, show } from './dom.js';
import { formatWindow } from './format.js';
import {
  assessCache,
  assessKeys,
  assessProvider,
  assessRejections,
  assessRotation,
} from './health-assessment.js';

/** @import { DashboardState } from '../dashboard-state.js' */
/** @import { Level, Assessment } from './health-assessment.js' */

/** Said to screen readers what the shape says to everybody else. */
/** @type {Readonly<Record<Level, string>>} */
const SPOKEN = { ok: 'Good', warn: 'Needs a look', bad: 'Bad', idle: 'For information' };

/** An answer of more characters than that is set smaller, or it takes three lines of a tile. */
const LONG = 18;

/**
 * @typedef {object} Question
 * @property {string} question
 * @property {string} target - the id of what stands below it.
 * @property {(state: DashboardState, nowMs: number) => Assessment} assess
 * @property {'window' | 'now' | 'since the start'} period - what the answer is about.
 */

/** @type {readonly Question[]} */
const QUESTIONS = [
  {
    question: 'How many are rejected, and why?',
    target: 'rejections-title',
    assess: assessRejections,
    period: 'window',
  },
  { question: 'Are keys fresh?', target: 'issuers-title', assess: assessKeys, period: 'now' },
  { question: 'Is the provider slow?', target: 'provider-title', assess: assessProvider, period: 'window' },
  {
    question: 'Did keys rotate?',
    target: 'incidents-title',
    assess: assessRotation,
    period: 'since the start',
  },
  { question: 'Is the cache working?', target: 'caches-title', assess: assessCache, period: 'window' },
];

/** The five questions of an operator, each with its answer. */
export function createOverview() {
  const tiles = QUESTIONS.map(({ question, target, assess, period }) => ({
    ...makeTile(question, target),
    assess,
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
        tile.update(
          tile.assess(state, nowMs),
          asOf ?? (tile.period === 'window' ? lastMinutes : tile.period),
        );
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
     * @param {Assessment} assessment
     * @param {string} period
     */
    update(assessment, period) {
      const { level, shape: name = level } = assessment;
      link.dataset['level'] = level;
      link.dataset['size'] = assessment.label.length > LONG ? 'long' : 'short';
      show(shape, name, () => [icon(name)]);
      setText(spoken, `${SPOKEN[level]}: `);
      setText(label, assessment.label);
      setText(detail, assessment.detail);
      setText(numbers, assessment.numbers ?? '');
      setText(when, period);
    },
  };
}
