import { ApiError } from './api.js';
import { find, icon, make } from './dom.js';
import { isRejected, assessExplanation, STEPS } from './explanation-text.js';
import { formatMoment, formatSpan } from './format.js';

/** @import { TokenExplanation } from '../../validation/explain-token.js' */
/** @import { Step } from './explanation-text.js' */

/** @type {Readonly<Record<Step['outcome'] | 'open', { readonly shape: 'ok' | 'warn' | 'bad' | 'idle', readonly word: string }>>} */
const OUTCOMES = {
  passed: { shape: 'ok', word: 'passed' },
  failed: { shape: 'bad', word: 'failed' },
  skipped: { shape: 'idle', word: 'skipped' },
  open: { shape: 'warn', word: 'not known' },
};

/** @type {Readonly<Record<string, string>>} */
const TIMES = { iat: 'issued', nbf: 'valid from', exp: 'expires' };

/**
 * @param {(token: string) => Promise<TokenExplanation>} ask
 * @param {() => number} now
 */
export function createExplain(ask, now) {
  const input = find('explain-token', HTMLTextAreaElement);
  const result = find('explain-result', HTMLElement);
  /** Counts requests, so that an answer that comes after "Clear" is not shown. */
  let turn = 0;
  const clear = () => {
    turn++;
    input.value = '';
    result.replaceChildren();
  };
  find('explain-clear', HTMLButtonElement).addEventListener('click', () => {
    clear();
    input.focus();
  });
  find('explain-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    void explain();
  });
  return { clear };

  async function explain() {
    const mine = ++turn;
    const token = input.value.trim().replace(/^Bearer\s+/i, '');
    // What was said of the token before must not stand there for this one.
    result.replaceChildren();
    const children = await ask(token)
      .then((explanation) => makeResult(explanation, now()))
      .catch((/** @type {unknown} */ error) => [
        make('p', { class: 'problem' }, error instanceof ApiError ? error.message : 'This went wrong.'),
      ]);
    if (mine === turn) result.replaceChildren(...children);
  }
}

/**
 * @param {TokenExplanation} explanation
 * @param {number} nowMs
 */
function makeResult(explanation, nowMs) {
  const { steps, content } = explanation;
  const { level, label, rest } = assessExplanation(explanation, nowMs);
  const assessment = make(
    'p',
    { class: 'assessment', 'data-level': level },
    icon(level),
    make('span', {}, make('strong', {}, label), rest),
  );
  const list = make('ol', { class: 'steps' }, ...steps.map(makeStep));
  if (content === undefined) return [assessment, list];
  const { header, unverifiedClaims: claims } = content;
  const decoded = make(
    'div',
    { class: 'decoded' },
    make('div', {}, make('h3', {}, 'Header'), makeJson(header)),
    make('div', {}, make('h3', {}, 'Claims'), makeJson(claims), makeTimes(claims, nowMs)),
  );
  return [assessment, list, decoded];
}

/** @param {object} value */
function makeJson(value) {
  return make('pre', {}, JSON.stringify(value, undefined, 2));
}

/** @param {Step} step */
function makeStep(step) {
  const { name, says } = STEPS[step.step];
  const outcome = step.outcome === 'failed' && !isRejected(step) ? 'open' : step.outcome;
  const { shape, word } = OUTCOMES[outcome];
  return make(
    'li',
    { 'data-outcome': outcome },
    icon(shape),
    make('b', {}, name),
    make('span', { class: 'word' }, word),
    step.outcome === 'failed'
      ? makeFault(step)
      : make('p', { class: 'note' }, outcome === 'skipped' ? 'not looked at: a step before it failed' : says),
  );
}

/** @param {Step} step */
function makeFault({ reason = '', code, expected = [] }) {
  const list = expected.flatMap((each, index) => [index > 0 ? ', ' : '', make('code', {}, each)]);
  return make(
    'p',
    { class: 'why' },
    `${reason} `,
    ...(list.length > 0 ? ['Accepted here: ', ...list, '. '] : []),
    make('code', {}, code ?? ''),
  );
}

/**
 * @param {Readonly<Record<string, unknown>>} claims
 * @param {number} nowMs
 */
function makeTimes(claims, nowMs) {
  const parts = Object.entries(TIMES).flatMap(([claim, word]) => {
    const value = claims[claim];
    if (typeof value !== 'number' || !Number.isFinite(value)) return [];
    const atMs = value * 1_000;
    if (Math.abs(atMs) > 8.64e15) return [];
    const far = formatSpan(Math.abs(atMs - nowMs));
    return [`${word} ${formatMoment(atMs, nowMs)} (${atMs < nowMs ? `${far} ago` : `in ${far}`})`];
  });
  return make('p', { class: 'note times' }, parts.join(' · '));
}
