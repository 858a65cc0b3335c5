import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProviderDouble } from './support/provider-double.js';

const SCRIPT = fileURLToPath(new URL('support/child-start.mjs', import.meta.url));

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs the script to its own end; nothing but the module keeps the process open before it listens. */
async function run(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, output };
}

describe('a process whose provider is unreachable', { timeout: 60_000 }, () => {
  let provider: ProviderDouble;
  beforeEach(async () => {
    provider = await ProviderDouble.start();
  });
  afterEach(() => provider.stop());

  it.each(['listen', 'context'])("ends with an error and says why: warmUp 'await', %s", async (mode) => {
    await provider.stop();
    const { exitCode, output } = await run(provider.issuer, mode);
    expect(exitCode).not.toBe(0);
    expect(output).toContain(`Nothing could be fetched from ${provider.issuer}`);
    expect(output).toContain('ECONNREFUSED');
    expect(output).not.toContain('end of the script');
  });

  it('waits out the retries of a validation that a worker awaits', async () => {
    const token = provider.token();
    await provider.stop();
    expect(await run(provider.issuer, 'validate', token)).toEqual({
      exitCode: 0,
      output: 'keys_unavailable\nend of the script\n',
    });
  });

  it('goes on once the provider answers', async () => {
    let asked = 0;
    provider.answers.set(provider.metadataPath, (_, response) => {
      if (++asked === 1) response.writeHead(503).end();
      else response.end(JSON.stringify(provider.metadata()));
    });
    const { exitCode, output } = await run(provider.issuer, 'validate', provider.token());
    expect(output).toBe('validated\nend of the script\n');
    expect(exitCode).toBe(0);
    expect(asked).toBe(2);
  });
});

describe('a process that awaits', { timeout: 60_000 }, () => {
  it('the next refresh of the keys, for an unknown key id, lives until it is there', async () => {
    const provider = await ProviderDouble.start();
    const tokens = [undefined, 'b', 'c'].map((kid) => provider.token({}, kid === undefined ? {} : { kid }));
    expect(await run(provider.issuer, 'validate', ...tokens)).toEqual({
      exitCode: 0,
      output: 'validated\nkey_not_found\nkey_not_found\nend of the script\n',
    });
  });

  it('a function "issuers" that never answers lives until its deadline', async () => {
    const provider = await ProviderDouble.start();
    expect(await run('', 'tenants', provider.token())).toEqual({
      exitCode: 0,
      output: 'check_failed\nend of the script\n',
    });
  });
});
