import { byId, icon, make, makeTable, show } from './dom.js';
import { formatCount, formatMs, formatPercent, formatWindow } from './format.js';
import { urgentFirst } from './health-assessment.js';

/** @import { DashboardState, Refusal } from '../dashboard-state.js' */
/** @typedef {DashboardState['window']} Period */

const numeric = (/** @type {string} */ text) => /** @type {const} */ ({ text, numeric: true });

/** @param {DashboardState} state */
export function updateTables({ window: period, entries }) {
  for (const note of document.querySelectorAll('[data-window]')) {
    show(note, String(period.lengthMs), () => [`last ${formatWindow(period.lengthMs)}`]);
  }
  const { refusals, total, requests, requestDurations, caches } = period;
  show(byId('refusals'), JSON.stringify([refusals, total]), () => [makeRefusals(period)]);
  show(byId('provider'), JSON.stringify([requests, requestDurations]), () => [makeRequests(period)]);
  show(byId('caches'), JSON.stringify([caches, entries]), () => [makeCaches(caches, entries)]);
}

/** @param {Period} period */
function makeRefusals({ refusals, total, lengthMs }) {
  if (refusals.length === 0) {
    const span = formatWindow(lengthMs);
    return empty(
      total === 0 ? `No validations in the last ${span}.` : `Nobody was refused in the last ${span}.`,
    );
  }
  const most = Math.max(...refusals.map(({ count }) => count));
  const rows = urgentFirst(refusals).map((refusal) => [
    makeReason(refusal),
    make(
      'span',
      { class: `proof proof-${refusal.verified ? 'yes' : 'no'}` },
      refusal.verified ? 'verified' : 'not verified',
    ),
    makeShare(refusal, most),
  ]);
  return make(
    'div',
    {},
    makeTable('Refusals by reason', ['Reason', 'Signature', numeric('Requests')], rows),
    make(
      'p',
      { class: 'note foot' },
      'Not verified: anybody can have sent it. Expired and wrong-audience tokens are refused before the signature is checked, so genuine ones are in here too: ',
      make('a', { href: '#explain-title' }, 'explain one'),
      '.',
    ),
  );
}

/** @type {Readonly<Partial<Record<Refusal['kind'], string>>>} */
const CHIPS = { unavailable: 'could not be judged: 503', misconfigured: 'misconfigured: 500' };

/** @param {Refusal} refusal */
function makeReason({ meaning, kind, code }) {
  const chip = CHIPS[kind];
  const undecided = chip === undefined ? [] : [make('span', { class: 'chip' }, chip), ' '];
  return make('span', { class: 'reason' }, meaning, ' ', ...undecided, make('code', {}, code));
}

/**
 * @param {Refusal} refusal
 * @param {number} most
 */
function makeShare({ count }, most) {
  const bar = make('span', { class: 'share', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', String(count / most));
  return make('span', { class: 'count' }, formatCount(count), bar);
}

/** @type {Readonly<Record<string, string>>} */
const OUTCOMES = {
  ok: 'ok',
  not_modified: 'not modified',
  redirect: 'redirected',
  client_error: 'status 4xx',
  server_error: 'status 5xx',
  invalid: 'unusable answer',
  timeout: 'timed out',
  network: 'no connection',
  aborted: 'given up',
  not_allowed: 'URL not allowed',
};
const GOOD = new Set(['ok', 'not_modified', 'aborted']);

/** @param {Period} period */
function makeRequests({ requests, requestDurations, lengthMs }) {
  if (requests.every(({ count }) => count === 0)) {
    return empty(`Nothing had to be fetched in the last ${formatWindow(lengthMs)}: the caches answered.`);
  }
  const rows = /** @type {const} */ ([
    ['jwks', 'Key sets'],
    ['discovery', 'Metadata'],
  ]).map(([endpoint, name]) => {
    const { count, p95Ms, maxMs } = requestDurations[endpoint];
    const outcomes = requests.filter((each) => each.endpoint === endpoint && each.count > 0);
    return [
      name,
      make('span', { class: 'outcomes' }, ...outcomes.map(makeOutcome)),
      count > 0 ? formatMs(p95Ms) : '–',
      count > 0 ? formatMs(maxMs) : '–',
    ];
  });
  return makeTable(
    'Requests to providers',
    ['Document', 'Outcomes', numeric('p95'), numeric('Slowest')],
    rows,
  );
}

/** @param {Period['requests'][number]} request */
function makeOutcome({ outcome, count }) {
  const level = GOOD.has(outcome) ? 'ok' : 'warn';
  return make(
    'span',
    { class: `outcome outcome-${level}` },
    icon(level),
    `${formatCount(count)} ${OUTCOMES[outcome] ?? outcome}`,
  );
}

/**
 * @param {Period['caches']} caches
 * @param {DashboardState['entries']} entries
 */
function makeCaches(caches, entries) {
  const names = /** @type {const} */ ([
    ['jwks', 'Key sets'],
    ['discovery', 'Metadata'],
    ['tokens', 'Verified tokens'],
  ]);
  const rows = names.flatMap(([name, label]) => {
    const cache = caches[name];
    const held = entries[name];
    if (cache === undefined || held === undefined) return [];
    const { hits, misses, hitRate } = cache;
    const all = hits + misses;
    return [
      [
        label,
        all > 0 ? formatPercent(hitRate) : '–',
        formatCount(all),
        `${formatCount(held.size)} of ${formatCount(held.maxSize)}`,
      ],
    ];
  });
  return makeTable('Caches', ['Cache', numeric('Hit rate'), numeric('Look-ups'), numeric('Entries')], rows);
}

/** @param {string} text */
function empty(text) {
  return make('p', { class: 'empty' }, text);
}
