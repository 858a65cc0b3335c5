// Draws the states of a cache entry as docs/images/cache-states.svg. Usage: node scripts/draw-cache-states.mjs
import { writeFileSync } from 'node:fs';
import { box, svg, text } from './diagrams/shapes.mjs';

/** @import { Tone } from './diagrams/shapes.mjs' */

const WIDTH = 900;
const HEIGHT = 420;
const BOX = { width: 160, height: 62 };

/** @type {Record<string, { x: number, y: number, tone: Tone, lines: string[] }>} */
const STATES = {
  cold: { x: 106, y: 200, tone: 'info', lines: ['cold', 'a look-up waits'] },
  fresh: { x: 346, y: 200, tone: 'good', lines: ['fresh', 'served at once'] },
  stale: { x: 592, y: 200, tone: 'warn', lines: ['stale', 'served while renewed'] },
  expired: { x: 808, y: 200, tone: 'bad', lines: ['expired', 'a look-up waits'] },
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

/** @type {string[]} */
const parts = [];

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
    `<path d="M${start.join(' ')} Q${middle[0]} ${a.y + bend * 1.2} ${end.join(' ')}" class="stroke" marker-end="url(#tip)"/>`,
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
    `<path d="M${state.x - 45} ${top} C${state.x - 70} ${top + 50} ${state.x + 10} ${top + 50} ${state.x - 15} ${top}" class="stroke" marker-end="url(#tip)"/>`,
  );
  for (const [index, content] of label.entries()) {
    parts.push(text(state.x - 10, top + 56 + index * 16, content));
  }
}
for (const { x, y, tone, lines } of Object.values(STATES))
  parts.push(box({ x: x - BOX.width / 2, y: y - BOX.height / 2, ...BOX }, tone, lines));

writeFileSync(
  'docs/images/cache-states.svg',
  svg({ width: WIDTH, height: HEIGHT, title: 'The states of a document' }, parts),
);
