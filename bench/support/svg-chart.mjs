// A line chart as SVG text: enough for what the documents show, and readable on light and dark pages.
import { DARK_THEME } from './svg-theme.mjs';

/**
 * @typedef {{ name: string, points: readonly (readonly [x: number, y: number])[] }} Series
 * @typedef {{ label: string, log?: boolean, ticks: readonly number[] }} Axis
 */

const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 70;
const LEGEND = 150;
const TOP = 40;
const BOTTOM = 50;
const COLOURS = ['#2563eb', '#d97706', '#059669', '#dc2626', '#7c3aed', '#0891b2'];

/**
 * @param {{ title: string, x: Axis, y: Axis, series: readonly Series[], legend?: number }} chart `legend`: its width, 150 pixels if not given
 * @returns {string}
 */
export function drawChart({ title, x, y, series, legend = LEGEND }) {
  const toX = scale(x, LEFT, WIDTH - legend);
  const toY = scale(y, HEIGHT - BOTTOM, TOP);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    DARK_THEME,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(WIDTH / 2, 22, title, 'middle', '#111827', 15),
  ];
  for (const tick of x.ticks) {
    parts.push(line(toX(tick), TOP, toX(tick), HEIGHT - BOTTOM));
    parts.push(text(toX(tick), HEIGHT - BOTTOM + 18, show(tick), 'middle'));
  }
  for (const tick of y.ticks) {
    parts.push(line(LEFT, toY(tick), WIDTH - legend, toY(tick)));
    parts.push(text(LEFT - 8, toY(tick) + 4, show(tick), 'end'));
  }
  parts.push(text((LEFT + WIDTH - legend) / 2, HEIGHT - 10, x.label, 'middle'));
  parts.push(
    `<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle" fill="#374151">${y.label}</text>`,
  );
  for (const [index, { name, points }] of series.entries()) {
    const colour = COLOURS[index % COLOURS.length];
    const path = points.map((point) => `${round(toX(point[0]))},${round(toY(point[1]))}`).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    const at = TOP + 14 + index * 20;
    parts.push(
      `<rect x="${WIDTH - legend + 14}" y="${at - 9}" width="12" height="4" fill="${colour}"/>`,
      text(WIDTH - legend + 32, at - 2, name, 'start'),
    );
  }
  parts.push('</svg>');
  return `${parts.join('\n')}\n`;
}

/**
 * @param {Axis} axis
 * @param {number} from
 * @param {number} to
 * @returns {(value: number) => number}
 */
function scale({ ticks, log = false }, from, to) {
  const place = (/** @type {number} */ value) => (log ? Math.log10(value) : value);
  const first = ticks[0] ?? 0;
  const last = ticks.at(-1) ?? 1;
  const span = place(last) - place(first);
  return (value) => {
    const inside = Math.min(Math.max(value, first), last);
    return from + ((place(inside) - place(first)) / span) * (to - from);
  };
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/** @param {number} value */
const show = (value) => value.toLocaleString('en', { maximumFractionDigits: 4 });

/**
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
const line = (x1, y1, x2, y2) =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="#e5e7eb"/>`;

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} anchor
 */
const text = (x, y, content, anchor, fill = '#374151', size = 12) =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}" font-size="${size}">${content}</text>`;
