import { clipped } from '../model/printable.js';
import type { Finding } from './finding.js';
import { MISMATCHES, type MismatchName } from './mismatches.js';

/** Characters: what strangers say is repeated in part. */
const MOST_SHOWN = 600;

/**
 * A mismatch that was found.
 *
 * @param text - what was found, with what decides.
 * @param advice - what to do, if more is known than the table says.
 */
export function mismatch(name: MismatchName, text: string, advice?: string): Finding {
  const { about, verdict, advice: usual } = MISMATCHES[name];
  return { about, verdict, mismatch: name, text: clipped(text, MOST_SHOWN), advice: advice ?? usual };
}
