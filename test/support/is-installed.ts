import { execFileSync } from 'node:child_process';

/** With the folders of servers, which are not in the path of everybody. */
export const SYSTEM = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

/**
 * Whether a program that some tests need is there. Where IDENTITY_TEST_SERVERS is `required`, as in `.ci/run`,
 * those tests run in any case and fail without it: nothing drops out unseen.
 */
export function isInstalled(command: string, versionFlag = '--version'): boolean {
  return process.env['IDENTITY_TEST_SERVERS'] === 'required' || isOnPath(command, versionFlag);
}

/** For programs that no run demands. */
export function isOnPath(command: string, versionFlag = '--version'): boolean {
  try {
    execFileSync(command, [versionFlag], { stdio: 'ignore', env: SYSTEM });
    return true;
  } catch {
    return false;
  }
}
