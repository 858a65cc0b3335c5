// Draws who sends what to whom, from top to bottom, as SVG text.
import { arrow, box, svg, text } from './shapes.mjs';

/** @import { Tone } from './shapes.mjs' */

/**
 * @typedef {{ from: number, to: number, text: string, answer?: boolean, lost?: boolean }} Message between actors, by index
 * @typedef {{ at: number, note: readonly string[], tone?: Tone, width?: number }} Note on the line of an actor
 * @typedef {{ section: string }} Section
 */

const HEAD = 44;
const MESSAGE = 44;
const SECTION = 40;
const LINE = 18;

/**
 * @param {{ title: string, width: number, actors: readonly string[], rows: readonly (Message | Note | Section)[] }} diagram
 * @returns {string}
 */
export function drawSequence({ title, width, actors, rows }) {
  const column = width / actors.length;
  const middle = (/** @type {number} */ actor) => column * (actor + 0.5);
  /** @type {string[]} */
  const parts = [];
  let y = 12 + HEAD;
  for (const row of rows) {
    if ('section' in row) {
      parts.push(
        arrow(
          [
            [12, y + 16],
            [width - 12, y + 16],
          ],
          { dashed: true, tip: false },
        ),
        text(12, y + 34, row.section, { anchor: 'start', bold: true }),
      );
      y += SECTION;
    } else if ('note' in row) {
      const height = row.note.length * LINE + 14;
      const wide = row.width ?? column - 12;
      const x = Math.min(Math.max(middle(row.at) - wide / 2, 8), width - wide - 8);
      parts.push(box({ x, y: y + 10, width: wide, height }, row.tone ?? 'plain', row.note, false));
      y += height + 10;
    } else {
      parts.push(message(row, { from: middle(row.from), to: middle(row.to), y }));
      y += MESSAGE;
    }
  }
  const height = y + 20;
  const heads = actors.map((name, actor) =>
    box(
      { x: middle(actor) - (column - 12) / 2, y: 12, width: column - 12, height: HEAD - 12 },
      'info',
      [name],
      true,
    ),
  );
  const lives = actors.map(
    (_, actor) =>
      `<line class="life" x1="${middle(actor)}" x2="${middle(actor)}" y1="${HEAD}" y2="${height - 12}"/>`,
  );
  return svg({ width, height, title }, [...lives, ...parts, ...heads]);
}

/**
 * @param {Message} message
 * @param {{ from: number, to: number, y: number }} place
 */
function message({ from, to, text: content, answer = false, lost = false }, place) {
  const y = place.y + 34;
  if (from === to) {
    const x = place.from;
    return [
      text(x + 44, y - 4, content, { anchor: 'start' }),
      arrow([
        [x, y - 14],
        [x + 36, y - 14],
        [x + 36, y],
        [x + 2, y],
      ]),
    ].join('\n');
  }
  const side = Math.sign(place.to - place.from);
  const end = lost ? (place.from + place.to) / 2 + side * 30 : place.to - side * 2;
  return [
    text((place.from + place.to) / 2, y - 8, content),
    arrow(
      [
        [place.from, y],
        [end, y],
      ],
      { dashed: answer },
    ),
    ...(lost ? [text(end + side * 10, y + 5, '✕', { bold: true })] : []),
  ].join('\n');
}
