import { make, setText, show } from './dom.js';
import { formatCount, formatMoment, formatSpan } from './format.js';

/** @import { IssuerState } from '../dashboard-state.js' */

/** What the bars stand in. */
/** @typedef {{ readonly fromMs: number, readonly nowMs: number }} Span */

const MIN_SPAN_MS = 60_000;

/**
 * One stretch of time for all issuers, so that their bars can be compared.
 *
 * @param {readonly IssuerState[]} issuers
 * @param {number} nowMs
 * @returns {Span}
 */
export function spanOf(issuers, nowMs) {
  const first = Math.min(nowMs, ...issuers.flatMap(({ keys }) => keys.map((key) => key.firstSeenAtMs)));
  return { fromMs: Math.min(first, nowMs - MIN_SPAN_MS), nowMs };
}

/** A bar for each key, from when it was first seen to when it was withdrawn or until now. */
export function createTimeline() {
  const list = make('ol', { class: 'keys' });
  const from = make('span', {});
  const element = make(
    'div',
    { class: 'timeline' },
    list,
    make(
      'p',
      { class: 'key axis', 'aria-hidden': 'true' },
      make('span', { class: 'ends' }, from, make('span', {}, 'now')),
    ),
  );
  /** @type {{ bar: HTMLElement, fromMs: number, toMs: number | undefined }[]} */
  let bars = [];

  return {
    element,
    /**
     * @param {IssuerState} issuer
     * @param {Span} span
     */
    update({ keys, moreKeys }, { fromMs, nowMs }) {
      element.hidden = keys.length === 0;
      show(list, JSON.stringify([keys, moreKeys]), () => {
        const rows = keys.map((key) => makeRow(key, nowMs));
        bars = rows.map(({ bar, key }) => ({ bar, fromMs: key.firstSeenAtMs, toMs: key.withdrawnAtMs }));
        const more = moreKeys > 0 ? [make('li', { class: 'note' }, `and ${formatCount(moreKeys)} more`)] : [];
        return [...rows.map(({ item }) => item), ...more];
      });
      const place = (/** @type {number} */ atMs) =>
        Math.min(1, Math.max(0, (atMs - fromMs) / (nowMs - fromMs)));
      for (const { bar, fromMs: start, toMs } of bars) {
        bar.style.setProperty('--from', String(place(start)));
        bar.style.setProperty('--to', String(place(toMs ?? nowMs)));
      }
      setText(from, `${formatSpan(nowMs - fromMs)} ago`);
    },
  };
}

/**
 * @param {IssuerState['keys'][number]} key
 * @param {number} nowMs
 */
function makeRow(key, nowMs) {
  const { kid, alg, thumbprint, firstSeenAtMs, withdrawnAtMs } = key;
  const bar = make('i', { class: 'key-bar' });
  const seen = formatMoment(firstSeenAtMs, nowMs);
  const when =
    withdrawnAtMs === undefined
      ? `first seen ${seen}`
      : `${seen}, withdrawn ${formatMoment(withdrawnAtMs, nowMs)}`;
  const item = make(
    'li',
    { class: withdrawnAtMs === undefined ? 'key' : 'key withdrawn' },
    make(
      'span',
      { class: 'kid mono', title: `Thumbprint ${thumbprint}` },
      kid ?? `no kid, ${thumbprint.slice(0, 12)}…`,
    ),
    make('span', { class: 'alg' }, alg),
    make('span', { class: 'track', 'aria-hidden': 'true' }, bar),
    make(
      'span',
      { class: 'when' },
      ...(withdrawnAtMs === undefined ? [] : [make('span', { class: 'sr' }, 'first seen ')]),
      when,
    ),
  );
  return { item, bar, key };
}
