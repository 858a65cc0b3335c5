import { describe, expect, it } from 'vitest';
import { ISSUER, KeysOfTest, PipelineOfTest, prepared, toFirstWait } from '../../test/support/pipeline.js';
import { createKey } from '../../test/support/signing-key.js';
import type { BatchPool } from './thread-pool-policy.js';
import { drive, type Through } from './drive.js';
import { stepsFor } from './steps.js';
import type { ValidationRun } from './validation-run.js';
import type { Wait } from './waits.js';

const KEY = createKey('ES256', 'k1');
const REPLACED = createKey('ES256', 'k1');
const AT_ONCE: Through = (wait) => wait();
const SIGNATURE = {
  code: 'signature_invalid',
  message: `No key of ${ISSUER} that fits the header verifies the signature.`,
};

/** The first wait of a run, which must be there. */
function waitOf(run: ValidationRun): Wait {
  const wait = toFirstWait(run);
  if (wait === undefined) throw new Error('the run does not wait');
  return wait;
}

it('a token that has to wait for nothing is done at once', () => {
  const pipeline = new PipelineOfTest(KEY, new KeysOfTest(KEY));
  const run = pipeline.run(pipeline.token());
  expect(drive(run, stepsFor(run), AT_ONCE)).toBeUndefined();
  expect(run.verified).toBe(true);
});

describe('a token whose keys are not here', () => {
  const keys = new KeysOfTest();
  const pipeline = new PipelineOfTest(KEY, keys);
  keys.here = undefined;

  it('waits for the network, counts a miss, and is accepted under the key that comes', async () => {
    keys.arriving = [prepared(KEY)];
    const party = new Map();
    const run = pipeline.run(pipeline.token(), { party });
    const sent: string[] = [];
    const later = drive(run, stepsFor(run), async (wait) => {
      sent.push('network');
      return wait();
    });
    expect(run.verified).toBe(false);
    await later;
    expect([run.verified, run.validated.issuer, sent]).toEqual([true, ISSUER, ['network']]);
    expect(pipeline.counted).toEqual({ hits: 0, misses: 1 });
    expect(keys.waits).toEqual([{ sinceMs: pipeline.clock.monotonicMs(), party }]);
  });

  it('is declined with the time after which the keys are there', () => {
    const before = pipeline.counted.misses;
    keys.knownInMs = 250;
    const wait = waitOf(pipeline.run(pipeline.token()));
    expect([wait.onNetwork, wait.known?.()]).toEqual([true, undefined]);
    expect(wait.decline()).toMatchObject({
      code: 'keys_cold',
      retryAfterMs: 250,
      message: `The keys of ${ISSUER} are not at hand, and validateSync does not wait: warm up, or use validate.`,
    });
    expect(pipeline.counted.misses).toBe(before + 1);
  });

  it('has one time to wait for keys and for a replaced one, from the first wait on', async () => {
    keys.waits.length = 0;
    keys.arriving = [prepared(REPLACED)];
    const run = pipeline.run(pipeline.token());
    const startMs = pipeline.clock.monotonicMs();
    await waitOf(run).begin();
    run.hasWaited();
    await pipeline.clock.advance(1_000);
    await run
      .checkSignature()
      ?.begin()
      .catch(() => undefined);
    expect(keys.waits).toEqual([{ sinceMs: startMs }, { sinceMs: startMs }]);
  });
});

describe('a signature that fails under the key that is known', () => {
  const keys = new KeysOfTest(REPLACED);
  const pipeline = new PipelineOfTest(KEY, keys);
  const wait = (): Wait => waitOf(pipeline.run(pipeline.token()));

  it('is known to be bad if nobody may wait, and not yet if a fetch can tell', () => {
    keys.knownInMs = undefined;
    expect(wait().known?.()).toMatchObject(SIGNATURE);
    expect(wait().decline()).toMatchObject(SIGNATURE);
    keys.knownInMs = 120;
    expect(wait().decline()).toMatchObject({
      code: 'keys_cold',
      retryAfterMs: 120,
      message:
        'The signature fails under the key that is known; the keys are being fetched, to see if it was replaced.',
    });
  });

  it('is bad if the provider has no other key, and good under one that it has put in its place', async () => {
    expect(wait().onNetwork).toBe(true);
    await expect(wait().begin()).rejects.toMatchObject(SIGNATURE);
    keys.replaced = prepared(KEY);
    const run = pipeline.run(pipeline.token());
    await drive(run, stepsFor(run), AT_ONCE);
    expect(run.key).toBe(keys.replaced);
    expect(run.verified).toBe(true);
  });
});

const poolThat = (takes: BatchPool['takes']): BatchPool => ({ takes, run: async (check) => check() });

describe('a signature that is checked on the thread pool', () => {
  const keys = new KeysOfTest(KEY);
  const pipeline = new PipelineOfTest(KEY, keys);

  it('does not wait for the network, and is accepted under the key that verifies it', async () => {
    const asked: unknown[] = [];
    const pool = poolThat((candidates) => asked.push(candidates) > 0);
    const run = pipeline.run(pipeline.token(), { pool });
    const wait = waitOf(run);
    expect([wait.onNetwork, run.key]).toEqual([false, undefined]);
    expect(await wait.begin()).toBeUndefined();
    expect(run.key).toBe(keys.here?.[0]);
    expect(asked).toEqual([keys.here]);
  });

  it('is doubted if none does: declined, or another wait', async () => {
    const other = new PipelineOfTest(KEY, new KeysOfTest(REPLACED));
    const wait = waitOf(other.run(other.token(), { pool: poolThat(() => true) }));
    expect(wait.decline()).toMatchObject(SIGNATURE);
    const next = await wait.begin();
    expect(next?.onNetwork).toBe(true);
    await expect(next?.begin()).rejects.toMatchObject(SIGNATURE);
  });

  it('is checked on the loop if it is not to go there, and after a wait', async () => {
    const here = pipeline.run(pipeline.token(), { pool: poolThat(() => false) });
    expect(toFirstWait(here)).toBeUndefined();
    expect(here.verified).toBe(true);
    const cold = new KeysOfTest();
    cold.here = undefined;
    cold.arriving = [prepared(KEY)];
    let asked = 0;
    const other = new PipelineOfTest(KEY, cold);
    const run = other.run(other.token(), { pool: poolThat(() => ++asked > 0) });
    await drive(run, stepsFor(run), AT_ONCE);
    expect([run.verified, asked]).toEqual([true, 0]);
  });
});

describe('an issuer that the application is asked for', () => {
  const pipeline = new PipelineOfTest(KEY, new KeysOfTest(KEY));

  it('is waited for on the network, and its rules hold', async () => {
    pipeline.answer = Promise.resolve(pipeline.issuer);
    const run = pipeline.run(pipeline.token());
    const wait = waitOf(run);
    expect([wait.onNetwork, run.issuer]).toEqual([true, undefined]);
    await drive(run, stepsFor(run), AT_ONCE);
    expect([run.issuer, run.verified]).toEqual([pipeline.issuer, true]);
  });

  it('is unknown if the application says so', async () => {
    pipeline.answer = Promise.resolve(undefined);
    const wait = waitOf(pipeline.run(pipeline.token()));
    await expect(wait.begin()).rejects.toMatchObject({ message: 'unknown: string' });
  });

  it('is declined, and an answer that fails meanwhile ends nothing', async () => {
    pipeline.answer = Promise.reject(new Error('from the application'));
    expect(waitOf(pipeline.run(pipeline.token())).decline()).toMatchObject({
      code: 'keys_cold',
      message:
        'The function "issuers" is being asked for the issuer of the token; validateSync does not wait.',
    });
    // A rejection that nobody handles fails the run.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

describe('an own check that answers later', () => {
  it('is waited for, not on the network', async () => {
    const pipeline = new PipelineOfTest(KEY, new KeysOfTest(KEY), { validate: async () => true });
    const run = pipeline.run(pipeline.token());
    const through = async (): Promise<never> => Promise.reject(new Error('not on the network'));
    expect(await drive(run, stepsFor(run), through)).toBeUndefined();
    expect(waitOf(pipeline.run(pipeline.token())).onNetwork).toBe(false);
  });

  it('refuses the token if it answers with anything but true', async () => {
    const refusing = new PipelineOfTest(KEY, new KeysOfTest(KEY), { validate: async () => false });
    const run = refusing.run(refusing.token());
    await expect(drive(run, stepsFor(run), AT_ONCE)).rejects.toMatchObject({ code: 'check_refused' });
  });

  it('is declined, and its rejection ends nothing', async () => {
    const refusing = new PipelineOfTest(KEY, new KeysOfTest(KEY), { validate: async () => false });
    expect(waitOf(refusing.run(refusing.token())).decline()).toMatchObject({ code: 'sync_unavailable' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
