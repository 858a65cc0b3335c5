// Writes everything that follows from the results: bench/results/results.md, the curves, and the figures in docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drawCurve } from '../growth/draw-curve.mjs';
import { machineLine } from '../support/machine.mjs';
import { FOLDER, readResult } from '../support/results.mjs';
import { drawBars } from '../support/svg-bars.mjs';
import { guideFigures, serverBars, validationBars } from './guide-figures.mjs';
import { targetTable } from './print-targets.mjs';
import { TARGETS } from './targets.mjs';

/**
 * @typedef {import('../support/part.mjs').Part<unknown>} Part
 * @typedef {import('../support/part.mjs').Figure} Figure
 * @typedef {import('../growth/curve.mjs').Curve} Curve
 * @typedef {{ part: Part, stored: import('../support/results.mjs').Stored }} Measured
 */

const GUIDE = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const IMAGES = new URL('../../docs/images/', import.meta.url);
const MARKED = /(<!-- figures of npm run bench -->\n)[\s\S]*(\n<!-- end of figures -->)/;

/** @param {readonly Part[]} parts all there are */
export function writeReport(parts) {
  const measured = parts.flatMap((part) => {
    const stored = readResult(part.name);
    return stored === undefined ? [] : [{ part, stored }];
  });
  const figures = Object.fromEntries(
    measured.flatMap(({ part, stored }) => Object.entries(part.figures(stored.result))),
  );
  assertTargetsNamed(parts, measured, figures);
  writeFileSync(new URL('results.md', FOLDER), resultsText(measured, figures));
  for (const measurement of measured) {
    for (const [name, curve] of curvesOf(measurement)) {
      writeFileSync(new URL(`${name}.svg`, FOLDER), drawCurve(curve));
    }
  }
  writeGuide(measured);
}

/**
 * A target whose figure has another name would never be judged.
 *
 * @param {readonly Part[]} parts
 * @param {readonly Measured[]} measured
 * @param {Record<string, Figure>} figures
 */
function assertTargetsNamed(parts, measured, figures) {
  if (measured.length < parts.filter(({ optional = false }) => !optional).length) return;
  const missing = TARGETS.find(({ figure }) => figures[figure] === undefined);
  if (missing !== undefined) throw new Error(`No part has the figure "${missing.figure}" of a target`);
}

/**
 * @param {readonly Measured[]} measured
 * @param {Record<string, Figure>} figures
 */
function resultsText(measured, figures) {
  const lines = ['# Results', '', 'Written by `npm run bench`. Medians, with quartiles in brackets.', ''];
  lines.push('## Targets', '', ...targetTable(figures), '');
  for (const { part, stored } of measured) {
    const { machine, measuredOn, result } = stored;
    lines.push(`## ${part.name}: ${part.about}`, '', `${measuredOn}. ${machineLine(machine)}.`, '');
    lines.push(...part.table(result), '');
    for (const [name, { title }] of curvesOf({ part, stored })) lines.push(`![${title}](${name}.svg)`, '');
  }
  return `${lines.join('\n')}\n`;
}

/**
 * The curves of a result, each with the name of its file: part and member.
 *
 * @param {Measured} measured
 * @returns {[name: string, curve: Curve][]}
 */
function curvesOf({ part, stored: { result } }) {
  const members = typeof result === 'object' && result !== null ? Object.entries(result) : [];
  return members.flatMap(([member, value]) => {
    const curve = /** @type {Partial<Curve> | undefined} */ (value);
    return curve?.title === undefined || curve.series === undefined
      ? []
      : [[`${part.name}-${member}`, /** @type {Curve} */ (curve)]];
  });
}

/** @param {readonly Measured[]} measured */
function writeGuide(measured) {
  const results = Object.fromEntries(measured.map(({ part, stored }) => [part.name, stored]));
  const figures = guideFigures(results);
  if (figures === undefined) return;
  const guide = readFileSync(GUIDE, 'utf8');
  if (!MARKED.test(guide)) throw new Error('docs/performance.md has no place for the figures');
  const text = `\n${figures.join('\n')}\n`;
  writeFileSync(
    GUIDE,
    guide.replace(MARKED, (_all, start, end) => `${String(start)}${text}${String(end)}`),
  );
  writeFileSync(new URL('server.svg', IMAGES), drawBars(serverBars(results)));
  writeFileSync(new URL('validation.svg', IMAGES), drawBars(validationBars(results)));
}
