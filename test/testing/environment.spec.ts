import { execFile } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { PATH } = process.env;

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs the built kit in a process that has no other variables than these. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, env: { PATH, ...env }, timeout: 30_000 };
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr }),
    );
  });
}

const USE = `
  const { TestIssuer, TestClock, withIdentity } = await import('nestjs-identity-model/testing');
  const uses = {
    inMemory: () => TestIssuer.inMemory(),
    start: async () => (await TestIssuer.start()).stop(),
    clock: () => new TestClock(),
    withIdentity: () => withIdentity({}, {}),
  };
  for (const [name, use] of Object.entries(uses)) {
    try { await use(); console.log(name, 'runs'); } catch (error) { console.log(name, error.code ?? 'runs'); }
  }`;
const inEval = ['--input-type=module', '--eval', USE];

describe('the built test kit, in a process of its own', { timeout: 60_000 }, () => {
  it('does not start where nothing says that this is a test', async () => {
    for (const env of [{}, { NODE_ENV: 'staging' }, { NODE_ENV: 'production', VITEST: 'true' }]) {
      const { output } = await run(inEval, env);
      expect(output.match(/testing_in_production/g)).toHaveLength(4);
    }
  });

  it('starts with NODE_ENV=test', async () => {
    expect((await run(inEval, { NODE_ENV: 'test' })).output).not.toContain('testing_in_production');
  });

  it('starts under node --test', async () => {
    const folder = mkdtempSync(path.join(ROOT, 'test/testing/node-test-'));
    try {
      const file = path.join(folder, 'kit.test.mjs');
      writeFileSync(
        file,
        `import { TestIssuer } from 'nestjs-identity-model/testing';\nTestIssuer.inMemory();\n`,
      );
      expect(await run(['--test', file])).toMatchObject({ code: 0 });
      expect((await run([file])).output).toContain('NODE_ENV is not set and no test runner');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('runs the issuer that README.md prints, as it is printed', async () => {
    const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
    const [, printed = ''] = /```js\n(\/\/ issuer\.mjs:[^]*?)```/.exec(readme) ?? [];
    expect(printed).toContain('TestIssuer.start(');
    const once = `${printed}\nawait issuer.stop();`;
    const { code, output } = await run(['--input-type=module', '--eval', once]);
    expect(output).toMatch(/^http:\/\/127\.0\.0\.1:\d+\nTOKEN=\S+\.\S+\.\S+\nREAD_TOKEN=\S+\n$/);
    expect(code).toBe(0);
  });
});
