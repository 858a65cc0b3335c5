// For Stryker: its runner for Vitest, with a worker thread that stays for many mutants. Loading NestJS and the specs takes
// seconds, the few tests that reach a mutant take milliseconds.
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import { MutantRunStatus } from '@stryker-mutator/api/test-runner';
import { strykerPlugins as vitestPlugins } from '@stryker-mutator/vitest-runner';

/**
 * @import { Injector, PluginContext } from '@stryker-mutator/api/plugin'
 * @import { DryRunOptions, DryRunResult, MutantRunOptions, MutantRunResult, TestRunner } from '@stryker-mutator/api/test-runner'
 * @import { PoolOptions, PoolWorker, Vitest, WorkerRequest } from 'vitest/node'
 * @typedef {(message: unknown) => void} Listener
 */

/** Each run leaves listeners in the worker. */
const RUNS_PER_WORKER = 60;
const NO_MUTANT = 'none';

/** The thread that is free for the next run. @type {{ thread: Worker, runs: number } | undefined} */
let kept;

async function dropWorker() {
  const thread = kept?.thread;
  kept = undefined;
  await thread?.terminate();
}

/**
 * A worker of Vitest's pool whose thread outlives it.
 *
 * @implements {PoolWorker}
 */
class WarmWorker {
  name = 'warm';
  #runs = (kept?.runs ?? 0) + 1;
  #thread;
  /** @type {[event: string, listener: Listener][]} */
  #listeners = [];

  /** @param {PoolOptions} options */
  constructor({ distPath, env, execArgv }) {
    this.#thread =
      kept?.thread ?? new Worker(path.join(distPath, 'workers/threads.js'), { env, execArgv, stdout: true });
    this.#thread.stdout.resume();
    kept = undefined;
  }

  /** @param {string} event @param {Listener} listener */
  on(event, listener) {
    this.#listeners.push([event, listener]);
    this.#thread.on(event, listener);
  }

  /** @param {string} event @param {Listener} listener */
  off(event, listener) {
    this.#thread.off(event, listener);
  }

  /** A thread that is kept is not asked to end: the answer that Vitest waits for comes from here. @param {WorkerRequest} message */
  send(message) {
    if (message.type !== 'stop' || !this.#isKept()) this.#thread.postMessage(message, []);
    else this.#thread.emit('message', { type: 'stopped', __vitest_worker_response__: true });
  }

  /** @param {unknown} data */
  deserialize(data) {
    return data;
  }

  async start() {}

  async stop() {
    for (const [event, listener] of this.#listeners) this.#thread.off(event, listener);
    if (this.#isKept()) kept = { thread: this.#thread, runs: this.#runs };
    else await this.#thread.terminate();
  }

  #isKept() {
    return this.#runs < RUNS_PER_WORKER;
  }
}

/**
 * Stryker's own runner does the work; here is decided which worker it gets.
 *
 * @implements {TestRunner}
 */
class WarmRunner {
  #inner;
  /** @type {readonly { id: string, fileName?: string | undefined }[]} */
  #tests = [];

  /** @param {TestRunner} inner */
  constructor(inner) {
    // Its Vitest is no public member, and there is no other way to it.
    this.#inner = /** @type {TestRunner & { ctx: Vitest }} */ (inner);
  }

  capabilities() {
    return this.#inner.capabilities();
  }

  async init() {
    await this.#inner.init?.();
    for (const { config } of this.#inner.ctx.projects) {
      config.pool = 'warm';
      config.poolRunner = { name: 'warm', createPoolWorker: (options) => new WarmWorker(options) };
    }
  }

  /** @param {DryRunOptions} options @returns {Promise<DryRunResult>} */
  async dryRun(options) {
    const result = await this.#inner.dryRun(options);
    this.#tests = 'tests' in result ? result.tests : [];
    return result;
  }

  /**
   * A mutant in what a module does when it is loaded wants it loaded anew. Any other may leave something behind that makes
   * the next one fail: after a failure the same tests run without a mutant, and if they fail too, the worker is at fault.
   *
   * @param {MutantRunOptions} options
   * @returns {Promise<MutantRunResult>}
   */
  async mutantRun(options) {
    if (options.mutantActivation === 'static') return this.#runCold(options);
    const result = await this.#run(options);
    if (result.status === MutantRunStatus.Survived) return result;
    const control = await this.#run({
      ...options,
      activeMutant: { ...options.activeMutant, id: NO_MUTANT },
      ...(result.status === MutantRunStatus.Killed && { testFilter: [result.killedBy].flat() }),
    });
    return control.status === MutantRunStatus.Survived ? result : this.#runCold(options);
  }

  async dispose() {
    await dropWorker();
    await this.#inner.dispose?.();
  }

  /** @param {MutantRunOptions} options */
  async #runCold(options) {
    await dropWorker();
    const result = await this.#run(options);
    await dropWorker();
    return result;
  }

  /**
   * Stryker looks at tests alone, and a file of tests that does not load any more has none: here it counts as failed.
   *
   * @param {MutantRunOptions} options
   * @returns {Promise<MutantRunResult>}
   */
  async #run(options) {
    const result = await this.#inner.mutantRun(options);
    if (result.status !== MutantRunStatus.Survived) return result;
    const broken = this.#inner.ctx.state.getFiles().find((file) => file.result?.state === 'fail');
    if (broken === undefined) return result;
    return {
      status: MutantRunStatus.Killed,
      killedBy: this.#tests.filter(({ fileName }) => fileName === broken.filepath).map(({ id }) => id),
      failureMessage: broken.result?.errors?.[0]?.message ?? 'a file of tests does not load',
      nrOfTests: result.nrOfTests,
    };
  }
}

const [vitestPlugin] = vitestPlugins;
if (vitestPlugin === undefined) throw new Error('@stryker-mutator/vitest-runner has no runner');
const { factory } = vitestPlugin;

/** @param {Injector<PluginContext>} injector */
function createWarmRunner(injector) {
  return new WarmRunner(injector.injectFunction(factory));
}
createWarmRunner.inject = tokens(commonTokens.injector);

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'warm-vitest', createWarmRunner)];
