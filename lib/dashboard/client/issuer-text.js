// What the page says of an issuer's documents. Pure.

import { formatSpan } from './format.js';

/** @import { DocumentState, IssuerState } from '../dashboard-state.js' */

/**
 * Keys that cannot be fetched for lack of metadata need no second line.
 *
 * @param {IssuerState['faults']} faults
 */
export function firstCauses(faults) {
  return faults.filter(
    ({ reason }) => !faults.some((other) => other.reason !== reason && reason.includes(other.reason)),
  );
}

/** @param {DocumentState} document */
export function ageOf({ ageMs }) {
  return ageMs === undefined ? 'never' : `${formatSpan(ageMs)} ago`;
}

/**
 * Nothing is planned while a fetch is under way, before anybody needs the keys, for a tenant that nobody asks for,
 * and where the configuration holds the keys.
 *
 * @param {IssuerState} issuer
 * @param {number} nowMs
 */
export function nextRefreshOf({ configured, keySet: { state, nextRefreshAtMs }, metadata }, nowMs) {
  if (nextRefreshAtMs !== undefined) {
    return nextRefreshAtMs <= nowMs ? 'due' : `in ${formatSpan(nextRefreshAtMs - nowMs)}`;
  }
  if (!configured || state === 'cold') return 'now, or with the next token';
  return state === 'fresh' && metadata === undefined ? 'now, or none: the keys are configured' : 'now';
}

/**
 * Whether something went wrong that is over: the issuer is well, and was asked since.
 *
 * @param {IssuerState} issuer
 * @param {number} failedAtMs
 * @param {number} nowMs - when `issuer` was so, in the server's time.
 */
export function isOver({ keySet, metadata }, failedAtMs, nowMs) {
  const documents = metadata === undefined ? [keySet] : [keySet, metadata];
  return (
    documents.every(({ state, failures }) => state === 'fresh' && failures === 0) &&
    documents.some(({ ageMs }) => ageMs !== undefined && nowMs - ageMs > failedAtMs)
  );
}
