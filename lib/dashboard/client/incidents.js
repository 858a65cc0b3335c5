import { byId, icon, make, show } from './dom.js';
import { formatMoment } from './format.js';
import { hostOf } from './health-assessment.js';

/** @import { DashboardState } from '../dashboard-state.js' */
/** @typedef {DashboardState['incidents'][number]} Incident */

/**
 * Newest first.
 *
 * @param {DashboardState} state
 * @param {number} nowMs
 */
export function updateIncidents({ incidents }, nowMs) {
  show(byId('incidents'), JSON.stringify(incidents), () =>
    incidents.length === 0
      ? [make('p', { class: 'empty' }, 'None: no rotation, no outage. Both appear here when they happen.')]
      : [
          make(
            'ol',
            { class: 'incident-list', tabindex: '0', 'aria-label': 'Incidents, newest first' },
            ...incidents.map((incident) => makeIncident(incident, nowMs)),
          ),
        ],
  );
}

/**
 * @param {Incident} incident
 * @param {number} nowMs
 */
function makeIncident(incident, nowMs) {
  const { shape, title, text } = describe(incident);
  return make(
    'li',
    {},
    icon(shape),
    make('time', { datetime: new Date(incident.atMs).toISOString() }, formatMoment(incident.atMs, nowMs)),
    make('div', {}, make('b', {}, title), make('p', {}, text)),
  );
}

/**
 * @param {Incident} incident
 * @returns {{ shape: 'turn' | 'warn' | 'ok', title: string, text: string }}
 */
function describe(incident) {
  switch (incident.kind) {
    case 'rotated': {
      const { issuer, added, removed } = incident;
      const parts = [listed('came', added), listed('left', removed)].filter((part) => part !== '');
      return { shape: 'turn', title: `Keys of ${hostOf(issuer)} rotated`, text: `${parts.join('; ')}.` };
    }
    case 'failed':
      return {
        shape: 'warn',
        title: `The ${incident.document} of ${hostOf(incident.issuer)} could not be fetched`,
        text: incident.reason,
      };
    case 'recovered':
      return {
        shape: 'ok',
        title: `The ${incident.document} of ${hostOf(incident.issuer)} ${incident.document === 'keys' ? 'are' : 'is'} available again`,
        text: 'The outage is over.',
      };
    case 'store-failed':
      return { shape: 'warn', title: 'The store that replicas share does not answer', text: incident.reason };
    case 'store-recovered':
      return {
        shape: 'ok',
        title: 'The store that replicas share answers again',
        text: 'The outage is over.',
      };
    case 'replays-full':
      return {
        shape: 'warn',
        title: 'The memory of used proofs is full',
        text: 'More of them are answered with 503 until some have ended.',
      };
    case 'replays-full-of-key':
      return {
        shape: 'warn',
        title: 'One client has used as many proofs as one may',
        text: 'More of its proofs are answered with 503 until some have ended.',
      };
    case 'issuers-failed':
      return { shape: 'warn', title: 'The application’s function “issuers” failed', text: incident.reason };
  }
}

/**
 * @param {string} verb
 * @param {readonly string[]} kids
 */
function listed(verb, kids) {
  return kids.length === 0 ? '' : `${kids.join(', ')} ${verb}`;
}
