import { execFileSync } from 'node:child_process';

/**
 * Whether a program that some tests need is there. Where IDENTITY_TEST_SERVERS is `required`, as in `.ci/run`,
 * those tests run in any case and fail without it: nothing drops out unseen.
 */
export function isInstalled(command: string): boolean {
  return process.env['IDENTITY_TEST_SERVERS'] === 'required' || isOnPath(command);
}

/** For programs that no run demands. */
export function isOnPath(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
