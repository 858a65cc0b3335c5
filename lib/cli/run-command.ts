import type { Readable } from 'node:stream';
import { examineApi } from './examine-api.js';
import { formatJson, formatReport } from './print-report.js';
import { readArguments, USAGE, UsageError } from './read-arguments.js';
import { runDoctor } from './run-doctor.js';

/** What a command leaves behind in the shell that started it. */
export interface CommandResult {
  /** 0 all is well, 1 something is wrong with the provider, the token or the API, 2 wrong usage, 3 a bug of ours. */
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param isTerminal - whether a person reads the output, in colours if not told otherwise. */
export async function runCommand(
  argv: readonly string[],
  stdin: Readable,
  isTerminal: boolean,
): Promise<CommandResult> {
  try {
    const asked = readArguments(argv);
    // Help that was asked for is a success; a call without arguments is a mistake, and scripts have to notice it.
    if (asked === 'help') return { exitCode: argv.length > 0 ? 0 : 2, stdout: USAGE, stderr: '' };
    const report = asked.about === 'resource' ? await examineApi(asked) : await runDoctor(asked, stdin);
    const color = asked.color === 'always' || (asked.color === 'auto' && isTerminal);
    const stdout = asked.json ? formatJson(report) : formatReport(report, color);
    return { exitCode: report.healthy ? 0 : 1, stdout, stderr: '' };
  } catch (error) {
    if (error instanceof UsageError)
      return { exitCode: 2, stdout: '', stderr: `${error.message}\n\n${USAGE}` };
    // No message of an error that nobody expected: it might hold a token. Scripts can tell it from a bad provider by its code.
    return { exitCode: 3, stdout: '', stderr: 'the doctor itself broke: this is a bug\n' };
  }
}
