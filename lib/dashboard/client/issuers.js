import { byId, find, icon, make, setText, show } from './dom.js';
import { formatCount, formatMoment } from './format.js';
import { ageOf, firstCauses, isOver, nextRefreshOf } from './issuer-text.js';
import { createTimeline, spanOf } from './timeline.js';
import { bySeverity, hostOf, assessIssuer } from './health-assessment.js';

/** @import { DashboardState, IssuerState } from '../dashboard-state.js' */
/** @import { Span } from './timeline.js' */

/**
 * How a button's work went; `failedAtMs` in the server's time, where it failed.
 *
 * @typedef {{ readonly text: string, readonly failedAtMs?: number }} ActionResult
 */

/**
 * Does it, and tells in words how it went.
 *
 * @callback Act
 * @param {'refresh' | 'replace-keys'} what
 * @param {string} issuer
 * @returns {Promise<ActionResult>}
 */

/** So many are shown at first; those in trouble are among them. */
const SHOWN_FIRST = 8;

/** @param {{ act: Act, confirm: (issuer: string) => Promise<boolean>, announce: (text: string) => void }} helpers */
export function createIssuers({ act, confirm, announce }) {
  const list = byId('issuers');
  const more = find('issuers-more', HTMLButtonElement);
  /** @type {Map<string, ReturnType<typeof createCard>>} */
  const cards = new Map();
  /** @type {Map<string, string>} */
  let labels = new Map();
  let showsAll = false;
  more.addEventListener('click', () => {
    showsAll = true;
    more.hidden = true;
    for (const { element } of cards.values()) element.hidden = false;
  });

  return {
    /**
     * @param {DashboardState} state
     * @param {number} nowMs
     */
    update({ issuers, moreIssuers, nowMs: asOfMs }, nowMs) {
      const span = spanOf(issuers, nowMs);
      const assessed = issuers
        .map((issuer) => ({ issuer, assessment: assessIssuer(issuer) }))
        .toSorted((a, b) => bySeverity(a.assessment.level, b.assessment.level));
      for (const [name, { element }] of cards) {
        if (issuers.some(({ issuer }) => issuer === name)) continue;
        element.remove();
        cards.delete(name);
      }
      for (const [index, { issuer, assessment }] of assessed.entries()) {
        const card = cards.get(issuer.issuer) ?? createCard(issuer, { act, confirm });
        cards.set(issuer.issuer, card);
        card.update(issuer, assessment, { span, asOfMs });
        card.element.hidden = !showsAll && index >= SHOWN_FIRST;
        // Moving an element takes the focus from what is in it.
        if (list.children[index] !== card.element && !card.element.contains(document.activeElement)) {
          list.insertBefore(card.element, list.children[index] ?? null);
        }
      }
      const before = labels;
      labels = new Map(assessed.map(({ issuer, assessment }) => [issuer.issuer, assessment.label]));
      for (const { issuer, assessment } of assessed) {
        const former = before.get(issuer.issuer);
        if (former !== undefined && former !== assessment.label) {
          announce(`${hostOf(issuer.issuer)}: ${assessment.label}. ${assessment.detail}`);
        }
      }
      more.hidden = showsAll || assessed.length <= SHOWN_FIRST;
      setText(more, `Show all ${formatCount(assessed.length)}`);
      const beyond = moreIssuers > 0 ? ` and ${formatCount(moreIssuers)} that are not listed` : '';
      setText(byId('issuers-note'), `${formatCount(issuers.length)} known${beyond}`);
      show(list, issuers.length === 0 ? 'none' : 'some', () =>
        issuers.length === 0
          ? [
              make(
                'p',
                { class: 'empty' },
                'No issuer is known yet. Tenants appear as their first token comes in.',
              ),
            ]
          : [...cards.values()].map(({ element }) => element),
      );
    },
  };
}

let count = 0;

/**
 * @param {IssuerState} first
 * @param {{ act: Act, confirm: (issuer: string) => Promise<boolean> }} helpers
 */
function createCard({ issuer: name, configured }, { act, confirm }) {
  const id = `issuer-${++count}`;
  const badge = make('span', { class: 'badge' });
  const detail = make('p', { class: 'detail' });
  const faults = make('ul', { class: 'faults' });
  const facts = ['Usable keys', 'Keys fetched', 'Next refresh', 'Metadata'].map((term) => ({
    term,
    value: make('dd', {}),
  }));
  const timeline = createTimeline();
  const result = make('p', { class: 'result', role: 'status' });
  /** @type {number | undefined} */
  let failedAtMs;
  const refresh = make('button', { type: 'button', 'aria-describedby': id }, 'Refresh now');
  const replace = make('button', { type: 'button', 'aria-describedby': id }, 'Replace keys…');
  refresh.addEventListener('click', () => void run('refresh', refresh));
  replace.addEventListener(
    'click',
    () => void confirm(name).then((isSure) => (isSure ? run('replace-keys', replace) : undefined)),
  );
  const element = make(
    'article',
    { class: 'issuer', 'aria-labelledby': id },
    make(
      'div',
      { class: 'issuer-head' },
      badge,
      make(
        'h3',
        { id, class: 'mono' },
        name,
        ...(configured ? [] : [' ', make('span', { class: 'chip' }, 'tenant')]),
      ),
      make('div', { class: 'actions' }, refresh, replace),
    ),
    detail,
    faults,
    make(
      'dl',
      { class: 'facts' },
      ...facts.map(({ term, value }) => make('div', {}, make('dt', {}, term), value)),
    ),
    timeline.element,
    result,
  );

  return {
    element,
    /**
     * @param {IssuerState} issuer
     * @param {ReturnType<typeof assessIssuer>} assessment
     * @param {{ readonly span: Span, readonly asOfMs: number }} times - `asOfMs`: when the issuer was so.
     */
    update(issuer, assessment, { span, asOfMs }) {
      element.dataset['level'] = assessment.level;
      show(badge, assessment.level + assessment.label, () => [icon(assessment.level), assessment.label]);
      setText(detail, assessment.level === 'ok' ? '' : assessment.detail);
      show(faults, JSON.stringify(issuer.faults), () =>
        firstCauses(issuer.faults).map(({ document: what, reason, sinceMs }) =>
          make('li', {}, make('b', {}, `${what}, since ${formatMoment(sinceMs, span.nowMs)}: `), reason),
        ),
      );
      const { keySet, metadata } = issuer;
      const texts = [
        formatCount(keySet.count),
        ageOf(keySet),
        nextRefreshOf(issuer, span.nowMs),
        metadata === undefined ? 'not used' : `${metadata.state}, ${ageOf(metadata)}`,
      ];
      for (const [index, { value }] of facts.entries()) setText(value, texts[index] ?? '');
      timeline.update(issuer, span);
      if (failedAtMs !== undefined && isOver(issuer, failedAtMs, asOfMs)) tell({ text: '' });
    },
  };

  /**
   * @param {'refresh' | 'replace-keys'} what
   * @param {HTMLButtonElement} button
   */
  async function run(what, button) {
    if (element.ariaBusy === 'true') return;
    element.ariaBusy = 'true';
    const label = button.textContent;
    // Not disabled: that would take the focus away.
    button.ariaDisabled = 'true';
    setText(button, 'Fetching…');
    tell({ text: '' });
    tell(await act(what, name));
    setText(button, label);
    button.ariaDisabled = 'false';
    element.ariaBusy = 'false';
  }

  /** @param {ActionResult} told */
  function tell(told) {
    failedAtMs = told.failedAtMs;
    setText(result, told.text);
  }
}
