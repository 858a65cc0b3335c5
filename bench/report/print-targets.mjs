// The table of targets as Markdown.
import { show, table } from '../support/markdown.mjs';
import { judgeTargets } from './targets.mjs';

/**
 * @param {Record<string, import('../support/part.mjs').Figure>} figures
 * @returns {string[]} lines; targets of parts that were not measured are left out
 */
export function targetTable(figures) {
  const rows = judgeTargets(figures).flatMap(({ what, goal, unit, better, value, met, missedBy }) =>
    value === undefined
      ? []
      : [
          [
            what,
            `${better === 'more' ? '≥' : '≤'} ${goal}`,
            `${show(value)} ${unit}`,
            met ? 'met' : `not met by ${show(missedBy)}`,
          ],
        ],
  );
  return table(['what', 'target', 'figure', ''], rows);
}
