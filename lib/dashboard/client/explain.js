import { ApiError } from './api.js';
import { find, icon, make } from './dom.js';
import { formatMoment, formatSpan } from './format.js';

/** @import { TokenExplanation } from '../../validation/explain-token.js' */
/** @typedef {TokenExplanation['steps'][number]} Step */

/** @type {Readonly<Record<Step['step'], { readonly name: string, readonly says: string }>>} */
const STEPS = {
  form: { name: 'Form', says: 'three parts, JSON inside, not too long' },
  issuer: { name: 'Issuer', says: '“iss” names an issuer of this application' },
  algorithm: { name: 'Algorithm', says: '“alg” is on the allow-list' },
  type: { name: 'Type', says: 'an access token, not an ID or refresh token' },
  claims: { name: 'Claims', says: 'times, audience and required claims' },
  key: { name: 'Key', says: 'the issuer has a key that fits' },
  signature: { name: 'Signature', says: 'that key verifies it' },
  hooks: { name: 'Own checks', says: '“validate” of the application' },
};

/** @type {Readonly<Record<Step['outcome'], { readonly shape: 'ok' | 'bad' | 'idle', readonly word: string }>>} */
const OUTCOMES = {
  passed: { shape: 'ok', word: 'passed' },
  failed: { shape: 'bad', word: 'failed' },
  skipped: { shape: 'idle', word: 'skipped' },
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
    const children = await ask(token).then(
      (explanation) => makeResult(explanation, now()),
      (/** @type {unknown} */ error) => [
        make('p', { class: 'problem' }, error instanceof ApiError ? error.message : 'This went wrong.'),
      ],
    );
    if (mine === turn) result.replaceChildren(...children);
  }
}

/**
 * @param {TokenExplanation} explanation
 * @param {number} nowMs
 */
function makeResult({ accepted, steps, content }, nowMs) {
  const failed = steps
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ step }) => STEPS[step].name.toLowerCase());
  const level = accepted ? 'ok' : 'bad';
  const verdict = make(
    'p',
    { class: 'verdict', 'data-level': level },
    icon(level),
    make(
      'span',
      {},
      make('strong', {}, accepted ? 'Accepted' : 'Refused'),
      accepted ? ', as far as no route demands more' : ` for its ${failed.join(', ')}`,
    ),
  );
  const list = make('ol', { class: 'steps' }, ...steps.map(makeStep));
  if (content === undefined) return [verdict, list];
  const { header, unverifiedClaims: claims } = content;
  const decoded = make(
    'div',
    { class: 'decoded' },
    make('div', {}, make('h3', {}, 'Header'), makeJson(header)),
    make('div', {}, make('h3', {}, 'Claims'), makeJson(claims), makeTimes(claims, nowMs)),
  );
  return [verdict, list, decoded];
}

/** @param {object} value */
function makeJson(value) {
  return make('pre', {}, JSON.stringify(value, undefined, 2));
}

/** @param {Step} step */
function makeStep({ step, outcome, code, reason }) {
  const { name, says } = STEPS[step];
  const { shape, word } = OUTCOMES[outcome];
  const why =
    outcome === 'failed'
      ? make('p', { class: 'why' }, reason ?? '', ' ', make('code', {}, code ?? ''))
      : make('p', { class: 'note' }, outcome === 'skipped' ? 'not looked at: a step before it failed' : says);
  return make(
    'li',
    { 'data-outcome': outcome },
    icon(shape),
    make('b', {}, name),
    make('span', { class: 'word' }, word),
    why,
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
