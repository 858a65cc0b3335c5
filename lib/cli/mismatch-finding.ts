import type { Finding } from './finding.js';
import { MISMATCHES, type MismatchName } from './mismatches.js';

/** What to do about an answer with a status of 500 or more. */
export const SERVER_FAILED =
  'the server failed: look into its log, and into that of the proxy in front of it';

/**
 * A mismatch that was found.
 *
 * @param text - what was found, with what decides.
 * @param advice - what to do, if more is known than the table says.
 */
export function mismatch(name: MismatchName, text: string, advice?: string): Finding {
  const { about, verdict, advice: usual } = MISMATCHES[name];
  return { about, verdict, mismatch: name, text, advice: advice ?? usual };
}
