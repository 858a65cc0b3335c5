import { describe, expect, it } from 'vitest';
import { IdentityError } from '../errors/identity-error.js';
import { assertInTest, type ProcessMarks, type TestKitConsent } from './test-environment.js';

const call = (): void => undefined;
const marks = (found: Partial<ProcessMarks>): ProcessMarks => ({
  env: {},
  execArgv: [],
  globals: {},
  ...found,
});

/** The message of the refusal; undefined where there is none. */
function refusalOf(found: Partial<ProcessMarks>, consent?: TestKitConsent): string | undefined {
  try {
    assertInTest('TestIssuer', consent, marks(found));
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(IdentityError);
    expect(error).toMatchObject({ code: 'testing_in_production' });
    return (error as IdentityError).message;
  }
}

describe('the test kit', () => {
  it.each<[string, Partial<ProcessMarks>]>([
    ['NODE_ENV=test', { env: { NODE_ENV: 'test' } }],
    ['NODE_ENV=Test with a blank', { env: { NODE_ENV: 'Test ' } }],
    ['vitest', { env: { VITEST: 'true' } }],
    ['Jest', { env: { JEST_WORKER_ID: '1', NODE_ENV: 'development' } }],
    ['node --test', { env: { NODE_TEST_CONTEXT: 'child-v8' } }],
    ['node --test without isolation', { execArgv: ['--enable-source-maps', '--test'] }],
    ['Mocha, in parallel', { env: { MOCHA_WORKER_ID: '0' } }],
    ['Mocha, BDD', { globals: { describe: call, it: call } }],
    ['Mocha, TDD', { globals: { suite: call, test: call } }],
  ])('runs with %s', (_name, found) => {
    expect(refusalOf(found)).toBeUndefined();
  });

  it.each<[string, Partial<ProcessMarks>, RegExp]>([
    ['no mark at all', {}, /NODE_ENV is not set and no test runner/],
    ['an empty NODE_ENV', { env: { NODE_ENV: '' } }, /NODE_ENV is not set/],
    ['a NODE_ENV of development', { env: { NODE_ENV: 'development' } }, /NODE_ENV is "development" and/],
    [
      'a NODE_ENV that steers a terminal',
      { env: { NODE_ENV: '\u001b[2J' } },
      /NODE_ENV is "\\u001b\[2j" and/,
    ],
    ['an empty mark', { env: { VITEST: '', JEST_WORKER_ID: '' } }, /no test runner/],
    ['an option that only begins so', { execArgv: ['--test-only'] }, /no test runner/],
    ['globals that are no functions', { globals: { describe: 'x', it: 1 } }, /no test runner/],
    ['one global of two', { globals: { describe: call, test: call } }, /no test runner/],
  ])('does not run with %s, unless it is told to', (_name, found, message) => {
    expect(refusalOf(found)).toMatch(message);
    expect(refusalOf(found)).toContain('say allowOutsideTests: true');
    expect(refusalOf(found, { allowOutsideTests: true })).toBeUndefined();
    expect(refusalOf(found, { allowInProduction: true })).toBeUndefined();
    expect(refusalOf(found, { allowOutsideTests: undefined, allowInProduction: undefined })).toMatch(message);
  });

  it.each(['production', 'Production', 'production '])(
    'does not run with NODE_ENV=%s in any runner',
    (mode) => {
      const found = { env: { NODE_ENV: mode, VITEST: 'true' }, globals: { describe: call, it: call } };
      expect(refusalOf(found)).toMatch(/NODE_ENV is "production".*say allowInProduction: true/);
      expect(refusalOf(found, { allowOutsideTests: true })).toMatch(/NODE_ENV is "production"/);
      expect(refusalOf(found, { allowInProduction: true })).toBeUndefined();
    },
  );
});
