import { Readable } from 'node:stream';
import { expect } from 'vitest';
import type { DoctorReport } from '../../lib/cli/finding.js';
import type { MismatchName } from '../../lib/cli/mismatches.js';
import { runCommand, type CommandResult } from '../../lib/cli/run-command.js';

export const run = (args: readonly string[]): Promise<CommandResult> =>
  runCommand(['doctor', ...args], Readable.from(['']), false);

export async function examine(...args: string[]): Promise<DoctorReport & Pick<CommandResult, 'exitCode'>> {
  const { exitCode, stdout, stderr } = await run([...args, '--json']);
  expect(stderr).toBe('');
  expect(stdout).not.toMatch(/(?!\n)\p{C}/u);
  return { ...(JSON.parse(stdout) as DoctorReport), exitCode };
}

export const mismatchesOf = ({ findings }: DoctorReport): (MismatchName | undefined)[] =>
  findings.filter(({ verdict }) => verdict !== 'ok').map((finding) => finding.mismatch);
