import { Enforcement } from '../requirements/enforcement.js';
import type { RequirementMode } from '../requirements/requirement-options.js';
import type { Route } from './route-scanner.js';

/** With `requirementMode: 'report'` all routes of an application may be meant. */
const MOST_LISTED = 50;

/**
 * Which requirements of which routes are only reported, and where that lets calls in without a token; undefined if all are
 * enforced.
 *
 * @example
 * 'Only reported, not enforced: Orders.list (@RequireScopes), News.read (@RequireRoles; calls without a token are allowed)'
 */
export function describeReported(routes: readonly Route[], mode: RequirementMode): string | undefined {
  const enforcement = new Enforcement(mode);
  const lines = routes.flatMap((route) => {
    const decorators = enforcement.reportedOf(route.plan).map(({ decorator }) => `@${decorator}`);
    const notes = [[...new Set(decorators)].join(', '), ...NOTES[route.mode]];
    return decorators.length === 0 ? [] : [`${route.name} (${notes.join('; ')})`];
  });
  if (lines.length === 0) return undefined;
  const more = lines.length - MOST_LISTED;
  const shown = [...lines.slice(0, MOST_LISTED), ...(more > 0 ? [`${String(more)} more`] : [])];
  return `Only reported, not enforced: ${shown.join(', ')}`;
}

const NOTES: Readonly<Record<Route['mode'], readonly string[]>> = {
  required: [],
  optional: ['calls without a token are allowed'],
  public: ['@Public(), so no token is looked at and nothing is reported'],
};
