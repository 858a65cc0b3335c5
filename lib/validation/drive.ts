import type { Step } from './steps.js';
import type { ValidationRun } from './validation-run.js';
import type { Wait } from './waits.js';

/** Goes through a wait for the network; a batch lets other tokens have its place meanwhile. */
export type Through = <T>(wait: () => Promise<T>) => Promise<T>;

/**
 * Takes a token through the steps, waiting where a step has to.
 *
 * @returns undefined if every step finished at once; otherwise a promise of the end.
 * @throws {IdentityError} of the first step that the token fails; the promise rejects with the same.
 */
export function drive(
  run: ValidationRun,
  steps: readonly Step[],
  through: Through,
): Promise<void> | undefined {
  for (const [at, step] of steps.entries()) {
    const wait = step.take.call(run);
    if (wait !== undefined) return driveOn(run, steps.slice(at + 1), through, wait);
  }
  return undefined;
}

/** Goes on with a wait, and with the steps behind it. */
export async function driveOn(
  run: ValidationRun,
  steps: readonly Step[],
  through: Through,
  first: Wait,
): Promise<void> {
  for (let wait: Wait | undefined = first; wait !== undefined;) wait = await begin(wait, through);
  run.hasWaited();
  await drive(run, steps, through);
}

function begin(wait: Wait, through: Through): Promise<Wait | undefined> {
  return wait.onNetwork ? through(() => wait.begin()) : wait.begin();
}
