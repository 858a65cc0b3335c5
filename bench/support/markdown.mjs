// Tables and figures as Markdown.

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @returns {string[]} lines
 */
export function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** Three digits. @param {number} value */
export function show(value) {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) < 0.1 ? 3 : Math.abs(value) < 10 ? 2 : 1);
}

/** @param {import('./statistics.mjs').Spread} spread */
export const showSpread = ({ q1, median, q3 }) => `${show(median)} (${show(q1)} to ${show(q3)})`;
