import { byId, make, makeTable, show } from './dom.js';
import { formatCount, formatPercent } from './format.js';

/** @import { DashboardState } from '../dashboard-state.js' */

const numeric = (/** @type {string} */ text) => /** @type {const} */ ({ text, numeric: true });

/**
 * How the tokens of each client came: who still sends bearer tokens would be refused with `senderConstrained: 'require'`.
 *
 * @param {DashboardState} state
 */
export function updateSenders({ senders, moreSenders }) {
  byId('senders-panel').hidden = senders.length === 0;
  show(byId('senders'), JSON.stringify([senders, moreSenders]), () => [makeSenders(senders, moreSenders)]);
}

/**
 * @param {DashboardState['senders']} senders
 * @param {number} moreSenders
 */
function makeSenders(senders, moreSenders) {
  const rows = senders.map(({ client, counts: { bearer, dpop, mtls } }) => [
    make('span', { class: 'reason' }, client),
    formatCount(bearer),
    formatCount(dpop),
    formatCount(mtls),
    formatPercent(bearer / (bearer + dpop + mtls)),
  ]);
  const more = moreSenders === 0 ? '' : ` ${formatCount(moreSenders)} more clients are not listed.`;
  const heads = ['Client', numeric('Bearer'), numeric('DPoP'), numeric('mTLS'), numeric('Bearer share')];
  return make(
    'div',
    {},
    makeTable('Bearer and bound tokens', heads, rows),
    make('p', { class: 'note foot' }, `“require” refuses the bearer tokens.${more}`),
  );
}
