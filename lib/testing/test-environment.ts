import { IdentityError } from '../errors/identity-error.js';
import { quoted } from '../model/printable.js';

/** What has to be said for the kit to run where it sees no test. With its keys, anyone can be any user. */
export interface TestKitConsent {
  /**
   * Lets the test kit run in a process that does not look like a test: in a script of a developer, say. Not with
   * NODE_ENV=production. @default false
   */
  readonly allowOutsideTests?: true | undefined;
  /** Lets the test kit run with NODE_ENV=production as well. @default false */
  readonly allowInProduction?: true | undefined;
}

/** What shows whether a process is a test. */
export interface ProcessMarks {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Options of Node.js itself. */
  readonly execArgv: readonly string[];
  readonly globals: object;
}

/**
 * A provider that signs whatever it is asked for must not end up in production by accident. Many container images set no
 * NODE_ENV, so its absence is no sign of a test: the kit runs where a test runner has left its mark, or if an option says so.
 *
 * @throws {IdentityError} `testing_in_production`.
 */
export function assertInTest(
  what: string,
  consent: TestKitConsent = {},
  marks: ProcessMarks = ownMarks(),
): void {
  const { allowOutsideTests, allowInProduction } = consent;
  if (allowInProduction === true) return;
  const mode = marks.env['NODE_ENV']?.trim().toLowerCase() ?? '';
  if (mode === 'production') {
    throw refused(what, 'NODE_ENV is "production"', 'Remove it, or say allowInProduction: true');
  }
  if (allowOutsideTests === true || mode === 'test' || isRunByTestRunner(marks)) return;
  throw refused(
    what,
    `NODE_ENV is ${mode === '' ? 'not set' : quoted(mode, 40)} and no test runner has started this process`,
    'In a test set NODE_ENV=test; elsewhere remove it, or say allowOutsideTests: true',
  );
}

function refused(what: string, why: string, remedy: string): IdentityError {
  return new IdentityError(
    'testing_in_production',
    `${what} is for tests, and ${why}: it would let anybody in. ${remedy}`,
  );
}

/** Set by vitest, by Jest, by `node --test` for its files, and by Mocha for parallel ones. */
const RUNNER_VARIABLES = ['VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT', 'MOCHA_WORKER_ID'];

function isRunByTestRunner({ env, execArgv, globals }: ProcessMarks): boolean {
  if (RUNNER_VARIABLES.some((name) => (env[name] ?? '') !== '')) return true;
  // Without isolation the files run in the process of `node --test` itself.
  if (execArgv.includes('--test')) return true;
  // Mocha's interfaces BDD and TDD, and Jasmine.
  return isGlobal(globals, 'describe', 'it') || isGlobal(globals, 'suite', 'test');
}

function isGlobal(globals: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof Reflect.get(globals, name) === 'function');
}

function ownMarks(): ProcessMarks {
  return { env: process.env, execArgv: process.execArgv, globals: globalThis };
}
