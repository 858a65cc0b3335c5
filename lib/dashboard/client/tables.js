import { byId, icon, make, makeTable, show } from './dom.js';
import { formatCount, formatMoment, formatMs, formatPercent, formatWindow } from './format.js';
import { urgentFirst } from './health-assessment.js';

/** @import { DashboardState, Rejection } from '../dashboard-state.js' */
/** @typedef {DashboardState['window']} Period */

const numeric = (/** @type {string} */ text) => /** @type {const} */ ({ text, numeric: true });

/** @param {DashboardState} state */
export function updateTables(state) {
  const { window: period, entries, resources, reported, nowMs } = state;
  for (const note of document.querySelectorAll('[data-window]')) {
    show(note, String(period.lengthMs), () => [`last ${formatWindow(period.lengthMs)}`]);
  }
  const { rejections, total, requests, requestDurations, caches } = period;
  show(byId('rejections'), JSON.stringify([rejections, total]), () => [makeRejections(period)]);
  show(byId('provider'), JSON.stringify([requests, requestDurations]), () => [makeRequests(period)]);
  byId('reported-panel').hidden = reported.length === 0;
  show(byId('reported'), JSON.stringify(reported), () => [makeReported(state, nowMs)]);
  byId('resources-panel').hidden = resources.length === 0;
  show(byId('resources'), JSON.stringify(resources), () => [makeResources(resources)]);
  show(byId('caches'), JSON.stringify([caches, entries]), () => [makeCaches(caches, entries)]);
}

/** @param {Period} period */
function makeRejections({ rejections, total, lengthMs }) {
  if (rejections.length === 0) {
    const span = formatWindow(lengthMs);
    return empty(
      total === 0 ? `No validations in the last ${span}.` : `No request was rejected in the last ${span}.`,
    );
  }
  const most = Math.max(...rejections.map(({ count }) => count));
  const rows = urgentFirst(rejections).map((rejection) => [
    makeReason(rejection),
    make(
      'span',
      { class: `proof proof-${rejection.verified ? 'yes' : 'no'}` },
      rejection.verified ? 'verified' : 'not verified',
    ),
    makeShare(rejection, most),
  ]);
  return make(
    'div',
    {},
    makeTable('Rejections by reason', ['Reason', 'Signature', numeric('Requests')], rows),
    make(
      'p',
      { class: 'note foot' },
      'Not verified: anybody can have sent it. Expired and wrong-audience tokens are rejected before the signature is checked, so genuine ones are in here too: ',
      make('a', { href: '#explain-title' }, 'explain one'),
      '.',
    ),
  );
}

/** @type {Readonly<Partial<Record<Rejection['kind'], string>>>} */
const CHIPS = { unavailable: 'could not be decided: 503', misconfigured: 'misconfigured: 500' };

/** @param {Rejection} rejection */
function makeReason({ meaning, kind, code }) {
  const chip = CHIPS[kind];
  const undecided = chip === undefined ? [] : [make('span', { class: 'chip' }, chip), ' '];
  return make('span', { class: 'reason' }, meaning, ' ', ...undecided, make('code', {}, code));
}

/**
 * @param {Rejection} rejection
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

/**
 * What is only reported, one row for each code and client; a route that refuses nothing says so, since it is ready to be enforced.
 *
 * @param {DashboardState} state
 * @param {number} nowMs
 */
function makeReported({ reported, moreReported }, nowMs) {
  const rows = reported.flatMap(({ route, calls, wouldDeny }) => {
    const of = (/** @type {number} */ count) => `${formatCount(count)} of ${formatCount(calls)}`;
    if (wouldDeny.length === 0) return [[make('span', { class: 'reason' }, route), '–', of(0), '–']];
    return wouldDeny.map(({ code, meaning, client, count, lastAtMs }) => [
      make('span', { class: 'reason', title: meaning }, route, ' ', make('code', {}, code)),
      client,
      of(count),
      formatMoment(lastAtMs, nowMs),
    ]);
  });
  const more = moreReported === 0 ? '' : ` ${formatCount(moreReported)} more routes are not listed.`;
  return make(
    'div',
    {},
    makeTable('Would refuse', ['Route', 'Client', numeric('Would refuse'), numeric('Last')], rows),
    make('p', { class: 'note foot' }, `Only reported: all of these calls were let in.${more}`),
  );
}

/** @param {DashboardState['resources']} resources */
function makeResources(resources) {
  const rows = resources.map(({ resource, tokens, mismatches }) => [
    make('span', { class: 'reason' }, resource),
    formatCount(tokens),
    formatCount(mismatches),
    tokens > 0 ? formatPercent(mismatches / tokens) : '–',
  ]);
  return makeTable(
    'Tokens for another resource',
    ['Resource', numeric('Valid tokens'), numeric('Refused'), numeric('Share')],
    rows,
  );
}

/** @param {Period} period */
function makeRequests({ requests, requestDurations, lengthMs }) {
  if (requests.every(({ count }) => count === 0)) {
    return empty(`Nothing had to be fetched in the last ${formatWindow(lengthMs)}: the caches answered.`);
  }
  const rows = labelled(requestDurations).map(([endpoint, label, { count, p95Ms, maxMs }]) => {
    const outcomes = requests.filter((each) => each.endpoint === endpoint && each.count > 0);
    return [
      label,
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
  const rows = labelled(caches).map(([name, label, { hits, misses, hitRate }]) => {
    const all = hits + misses;
    const { size = 0, maxSize = 0 } = entries[name] ?? {};
    return [
      label,
      all > 0 ? formatPercent(hitRate) : '–',
      formatCount(all),
      `${formatCount(size)} of ${formatCount(maxSize)}`,
    ];
  });
  return makeTable('Caches', ['Cache', numeric('Hit rate'), numeric('Look-ups'), numeric('Entries')], rows);
}

/**
 * Labels of caches and endpoints, in the order of the tables. Others appear below these, under their own names.
 *
 * @type {Readonly<Record<string, string>>}
 */
const LABELS = { jwks: 'Key sets', discovery: 'Metadata', tokens: 'Verified tokens' };

/**
 * @template T
 * @param {Readonly<Record<string, T | undefined>>} byName
 * @returns {readonly (readonly [name: string, label: string, value: T])[]}
 */
function labelled(byName) {
  const names = new Set([...Object.keys(LABELS), ...Object.keys(byName)]);
  return [...names].flatMap((name) => {
    const value = byName[name];
    return value === undefined ? [] : [/** @type {const} */ ([name, LABELS[name] ?? name, value])];
  });
}

/** @param {string} text */
function empty(text) {
  return make('p', { class: 'empty' }, text);
}
