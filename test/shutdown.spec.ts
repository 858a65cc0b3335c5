import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProviderDouble } from './support/provider-double.js';

const SCRIPT = fileURLToPath(new URL('support/child-app.mjs', import.meta.url));

interface Ended {
  readonly exitCode: number | null;
  readonly lines: string[];
}

/** Runs the script to its own end; nobody ends it from outside but the test's time limit. */
async function run(issuer: string, mode: string): Promise<Ended> {
  const child = spawn(process.execPath, [SCRIPT, issuer, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, lines: text.trim().split('\n') };
}

describe('a process with the module in it', { timeout: 30_000 }, () => {
  let provider: ProviderDouble;
  beforeEach(async () => {
    provider = await ProviderDouble.start();
  });
  afterEach(() => provider.stop());

  it.each(['left-alone', 'with-dashboard'])(
    'ends by itself, %s: timers and idle connections do not hold it',
    async (mode) => {
      expect(await run(provider.issuer, mode)).toEqual({
        exitCode: 0,
        lines: ['discovery.refreshed', 'jwks.refreshed', 'end of the script'],
      });
    },
  );

  it('ends after close() in the middle of a fetch, which is given up', async () => {
    provider.answers.set(provider.jwksPath, () => undefined);
    const started = Date.now();
    expect(await run(provider.issuer, 'mid-fetch')).toEqual({
      exitCode: 0,
      lines: ['discovery.refreshed', 'keys_unavailable', 'end of the script'],
    });
    // The fetch alone would have taken 15 s.
    expect(Date.now() - started).toBeLessThan(14_000);
  });

  it('ends after close() while it is backed off from the provider', async () => {
    provider.respond(provider.jwksPath, 500);
    expect(await run(provider.issuer, 'mid-backoff')).toEqual({
      exitCode: 0,
      lines: ['discovery.refreshed', 'jwks.failed', 'keys_unavailable', 'end of the script'],
    });
  });
});
