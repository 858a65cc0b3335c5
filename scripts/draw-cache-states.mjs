// Draws the states of a cache entry as docs/images/cache-states.svg. Usage: node scripts/draw-cache-states.mjs
import { mkdirSync, writeFileSync } from 'node:fs';

const WIDTH = 860;
const HEIGHT = 420;
const BOX = { width: 150, height: 62 };

/** @type {Record<string, { x: number, y: number, fill: string, lines: string[] }>} */
const STATES = {
  cold: { x: 90, y: 200, fill: '#dbeafe', lines: ['cold', 'a look-up waits'] },
  fresh: { x: 340, y: 200, fill: '#d1fae5', lines: ['fresh', 'served at once'] },
  stale: { x: 570, y: 200, fill: '#fef3c7', lines: ['stale', 'served while renewed'] },
  expired: { x: 770, y: 200, fill: '#fee2e2', lines: ['expired', 'a look-up waits'] },
};

/** Curves between boxes; `bend` moves the middle up (negative) or down. */
const ARROWS = [
  { from: 'cold', to: 'fresh', bend: 0, label: ['fetched'] },
  { from: 'fresh', to: 'stale', bend: 0, label: ['TTL over'] },
  { from: 'stale', to: 'expired', bend: 0, label: ['bound'] },
  { from: 'stale', to: 'fresh', bend: -80, label: ['fetched'] },
  { from: 'expired', to: 'fresh', bend: -170, label: ['fetched'] },
  { from: 'stale', to: 'cold', bend: 240, label: ['clear(), from every state'] },
];
const LOOPS = [
  { at: 'cold', label: ['fetch failed: fails fast', 'until the backoff is over'] },
  { at: 'fresh', label: ['renewed ahead from 0.8 TTL on;', 'a failure keeps the value'] },
];

const text = (
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {string} */ content,
  weight = 'normal',
) => `<text x="${x}" y="${y}" text-anchor="middle" font-weight="${weight}" fill="#111827">${content}</text>`;

const parts = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
  '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">' +
    '<path d="M0 0 10 5 0 10z" fill="#374151"/></marker></defs>',
  `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
];

for (const { from, to, bend, label } of ARROWS) {
  const a = STATES[from];
  const b = STATES[to];
  if (a === undefined || b === undefined) throw new Error(`no state ${from} or ${to}`);
  const right = b.x > a.x ? 1 : -1;
  const straight = bend === 0;
  const half = { x: BOX.width / 2, y: BOX.height / 2 };
  const start = straight
    ? [a.x + right * half.x, a.y]
    : [a.x - 20 * right * -1, a.y + Math.sign(bend) * half.y];
  const end = straight
    ? [b.x - right * half.x, b.y]
    : [b.x + (from === 'expired' ? -20 : 40), b.y + Math.sign(bend) * half.y];
  const middle = [((start[0] ?? 0) + (end[0] ?? 0)) / 2, a.y + bend];
  parts.push(
    `<path d="M${start.join(' ')} Q${middle[0]} ${a.y + bend * 1.2} ${end.join(' ')}" fill="none" stroke="#374151" stroke-width="1.5" marker-end="url(#tip)"/>`,
  );
  for (const [index, content] of label.entries()) {
    const y = straight ? a.y - 10 : a.y + bend * 0.6 + Math.sign(bend) * (bend > 0 ? 32 : 22);
    parts.push(text(middle[0] ?? 0, y + index * 16, content));
  }
}
for (const { at, label } of LOOPS) {
  const state = STATES[at];
  if (state === undefined) throw new Error(`no state ${at}`);
  const top = state.y + BOX.height / 2;
  parts.push(
    `<path d="M${state.x - 45} ${top} C${state.x - 70} ${top + 50} ${state.x + 10} ${top + 50} ${state.x - 15} ${top}" fill="none" stroke="#374151" stroke-width="1.5" marker-end="url(#tip)"/>`,
  );
  for (const [index, content] of label.entries()) {
    parts.push(text(state.x - 10, top + 56 + index * 16, content));
  }
}
for (const { x, y, fill, lines } of Object.values(STATES)) {
  parts.push(
    `<rect x="${x - BOX.width / 2}" y="${y - BOX.height / 2}" width="${BOX.width}" height="${BOX.height}" rx="10" fill="${fill}" stroke="#374151"/>`,
    text(x, y - 4, lines[0] ?? '', 'bold'),
    text(x, y + 16, lines[1] ?? ''),
  );
}
parts.push('</svg>');
mkdirSync('docs/images', { recursive: true });
writeFileSync('docs/images/cache-states.svg', `${parts.join('\n')}\n`);
