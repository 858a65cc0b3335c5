// What the state means to the engineer on call. Pure functions.

import { formatCount, formatMs, formatPercent, formatSpan, formatWindow } from './format.js';

/** @import { DashboardState, DocumentState, IssuerState, Rejection } from '../dashboard-state.js' */

/**
 * `ok`: nothing to do; `warn`: look at it, users are served; `bad`: tokens of users are rejected for it; `idle`: nothing
 * to assess.
 *
 * @typedef {'ok' | 'warn' | 'bad' | 'idle'} Level
 */

/** @typedef {{ readonly level: Level, readonly label: string, readonly detail: string, readonly numbers?: string, readonly shape?: 'turn' }} Assessment */

/** A share of rejections that is worth a look, from this many validations on. */
const NOTABLE_REJECTIONS = 0.05;
const FEWEST_VALIDATIONS = 20;
/** Slower than that is slow for a provider. */
const SLOW_MS = 1_000;
/** A hit rate below that is worth a look. Fewer look-ups say nothing: the first one always has to wait. */
const LEAST_HIT_RATE = 0.9;
const FEWEST_LOOK_UPS = 20;

/** @type {readonly Level[]} */
const SEVERITY = ['bad', 'warn', 'ok', 'idle'];

/**
 * @param {Level} a
 * @param {Level} b
 */
export function bySeverity(a, b) {
  return SEVERITY.indexOf(a) - SEVERITY.indexOf(b);
}

/**
 * @param {IssuerState} issuer
 * @returns {Assessment}
 */
export function assessIssuer({ keySet, metadata }) {
  if (keySet.state === 'expired') {
    return bad('Its last good keys are too old to be served: its tokens get a 503.');
  }
  if (keySet.state === 'cold') {
    return keySet.failures > 0
      ? bad('Its keys were never fetched: its tokens get a 503.')
      : {
          level: 'idle',
          label: 'Not loaded',
          detail: 'Its keys are fetched when the first token needs them.',
        };
  }
  if (keySet.failures > 0) {
    const detail = `Its keys cannot be renewed (${attempts(keySet)}). The last good ones still serve.`;
    return { level: 'warn', label: keySet.state === 'stale' ? 'Stale, failing' : 'Failing', detail };
  }
  if (keySet.state === 'stale') {
    return { level: 'warn', label: 'Stale', detail: 'Its keys are past their time and about to be renewed.' };
  }
  if (metadata !== undefined && metadata.failures > 0) {
    const detail = `Its metadata cannot be renewed (${attempts(metadata)}). Its keys are fresh and serve.`;
    return { level: 'warn', label: 'Failing', detail };
  }
  return { level: 'ok', label: 'Fresh', detail: 'Its keys are fresh.' };
}

/**
 * @param {string} detail
 * @returns {Assessment}
 */
function bad(detail) {
  return { level: 'bad', label: 'Cannot serve', detail };
}

/** @param {DocumentState} document */
function attempts({ failures }) {
  return failures === 1 ? 'one attempt failed' : `${formatCount(failures)} attempts in a row failed`;
}

/**
 * @param {DashboardState} state
 * @returns {Assessment}
 */
export function assessRejections({ window }) {
  const { total, accepted, rejections, lengthMs } = window;
  const undecided = sum(rejections.filter(isUndecided));
  const rejected = sum(rejections) - undecided;
  const valid =
    total === 0
      ? 'no token was validated'
      : `${formatCount(accepted)} of ${formatCount(total)} tokens were accepted`;
  if (undecided + rejected === 0) {
    return total === 0
      ? {
          level: 'idle',
          label: 'No traffic',
          detail: `No validations in the last ${formatWindow(lengthMs)}.`,
        }
      : { level: 'ok', label: 'None', detail: valid };
  }
  // A request without a token is rejected and never validated.
  const all = Math.max(total, undecided + rejected);
  const isNotable = rejected / all >= NOTABLE_REJECTIONS && all >= FEWEST_VALIDATIONS;
  const [first] = urgentFirst(rejections);
  const counts = [
    undecided > 0 ? `${formatCount(undecided)} could not be decided` : '',
    rejected > 0 ? `${formatCount(rejected)} rejected` : '',
  ].filter((part) => part !== '');
  return {
    level: isNotable || undecided > 0 ? 'warn' : 'ok',
    label: counts.join(', '),
    detail: `${undecided > 0 ? 'Undecided' : 'Mostly'}: ${lowerFirst(first?.meaning ?? '')}`,
    numbers: valid,
  };
}

/**
 * In the order that an operator wants: what the service owes its users before what they did wrong.
 *
 * @param {readonly Rejection[]} rejections - the most frequent first.
 * @returns {readonly Rejection[]}
 */
export function urgentFirst(rejections) {
  return rejections.toSorted((a, b) => Number(isUndecided(b)) - Number(isUndecided(a)));
}

/** @param {Rejection} rejection */
function isUndecided({ kind }) {
  return kind !== 'rejected';
}

/** @param {number} count */
function formatIssuers(count) {
  return count === 1 ? '1 issuer' : `${formatCount(count)} issuers`;
}

/** @param {readonly { readonly count: number }[]} counts */
function sum(counts) {
  return counts.reduce((all, { count }) => all + count, 0);
}

/** @param {string} text */
function lowerFirst(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/**
 * @param {DashboardState} state
 * @returns {Assessment}
 */
export function assessKeys({ issuers, serving }) {
  const assessed = issuers
    .map((issuer) => ({ issuer, assessment: assessIssuer(issuer) }))
    .toSorted((a, b) => bySeverity(a.assessment.level, b.assessment.level));
  const [worst] = assessed;
  if (worst === undefined) {
    return { level: 'idle', label: 'No issuer yet', detail: 'Issuers appear as their first token comes in.' };
  }
  const { level } = worst.assessment;
  if (level === 'ok' || level === 'idle') {
    return {
      level,
      label: level === 'idle' ? 'Not loaded' : 'Fresh',
      detail: `${formatCount(serving.fresh)} of ${formatIssuers(serving.total)} with fresh keys`,
    };
  }
  const alike = assessed.filter(({ assessment }) => assessment.level === level).length;
  const rest = alike > 1 ? `, and ${formatCount(alike - 1)} more` : '';
  return {
    level,
    label: level === 'bad' ? `${formatCount(alike)} cannot serve` : `${formatCount(alike)} failing or stale`,
    detail: `${hostOf(worst.issuer.issuer)}${rest}`,
    numbers: `${formatCount(serving.fresh)} of ${formatIssuers(serving.total)} with fresh keys`,
  };
}

/**
 * @param {DashboardState} state
 * @returns {Assessment}
 */
export function assessProvider({ window }) {
  const { requests, requestDurations, faults, lengthMs } = window;
  const all = sum(requests);
  if (all === 0) {
    const detail = `Nothing had to be fetched in the last ${formatWindow(lengthMs)}.`;
    return { level: 'idle', label: 'Not asked', detail };
  }
  const p95Ms = Math.max(...Object.values(requestDurations).map((each) => each?.p95Ms ?? 0));
  const isSlow = p95Ms >= SLOW_MS;
  const asked = all === 1 ? 'one request' : `${formatCount(all)} requests`;
  return {
    level: isSlow || faults > 0 ? 'warn' : 'ok',
    label: isSlow ? `Slow: ${formatMs(p95Ms)}` : faults > 0 ? `${formatCount(faults)} failed` : 'No',
    detail: faults > 0 ? `${formatCount(faults)} of ${asked} brought nothing` : `${asked}, none failed`,
    numbers: `p95 of all: ${formatMs(p95Ms)}`,
  };
}

/**
 * @param {DashboardState} state
 * @param {number} nowMs
 * @returns {Assessment}
 */
export function assessRotation({ incidents }, nowMs) {
  const rotations = incidents.filter(({ kind }) => kind === 'rotated');
  const last = incidents.find((each) => each.kind === 'rotated');
  if (last === undefined) {
    return { level: 'idle', label: 'No', detail: 'No key came or left since this process started.' };
  }
  const { addedCount, removedCount } = last;
  const changes = [
    addedCount > 0 ? `${formatCount(addedCount)} came` : '',
    removedCount > 0 ? `${formatCount(removedCount)} left` : '',
  ].filter((part) => part !== '');
  return {
    level: 'idle',
    shape: 'turn',
    label: `${formatSpan(nowMs - last.atMs)} ago`,
    detail: `${hostOf(last.issuer)}: ${changes.join(', ')}`,
    numbers: rotations.length > 1 ? `${formatCount(rotations.length)} rotations known` : 'the only one known',
  };
}

/**
 * @param {DashboardState} state
 * @returns {Assessment}
 */
export function assessCache({ window }) {
  const { hits, misses, hitRate } = window.caches.jwks;
  const all = hits + misses;
  if (all === 0) {
    return {
      level: 'idle',
      label: 'Not asked',
      detail: `No look-ups in the last ${formatWindow(window.lengthMs)}.`,
    };
  }
  const waited = `${misses === 0 ? 'none' : formatCount(misses)} of ${formatCount(all)} had to wait`;
  if (all < FEWEST_LOOK_UPS) {
    return { level: 'idle', label: `Too few look-ups to assess (${formatCount(all)})`, detail: waited };
  }
  return {
    level: hitRate < LEAST_HIT_RATE ? 'warn' : 'ok',
    label: formatPercent(hitRate),
    detail: 'of look-ups for keys answered at once',
    numbers: waited,
  };
}

/**
 * The part of an issuer that tells it from others, where space is short.
 *
 * @param {string} issuer
 */
export function hostOf(issuer) {
  if (!URL.canParse(issuer)) return issuer;
  const { host, pathname } = new URL(issuer);
  return `${host}${pathname.replace(/\/$/, '')}`;
}
