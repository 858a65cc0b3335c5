// Is the machine quiet enough to tell? Decisions are pure; the readers stand below.
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { relativeSpread } from './statistics.mjs';

/** Above these a run writes no results. */
export const LIMITS = {
  /** Share of a core that other processes, or the host of a virtual machine, took while a server was measured. */
  othersShare: 0.1,
  /** Distance of the quartiles of the calibration loop, of its median. */
  calibrationSpread: 0.1,
  /** Distance of the quartiles of the unguarded row, of its median. */
  baseSpread: 0.15,
};

/**
 * @typedef {import('./statistics.mjs').Spread} Spread
 * @typedef {{ what: string, figure: number, limit: number }} Noise
 */

/**
 * What makes a run too noisy to write down. Empty: nothing.
 *
 * @param {{ othersShare?: number | undefined, calibration?: Spread | undefined, base?: Spread | undefined }} run
 * @returns {Noise[]}
 */
export function noiseOf({ othersShare, calibration, base }) {
  /** @type {[string, number | undefined, number][]} */
  const checks = [
    ['share of a core that others took', othersShare, LIMITS.othersShare],
    ['spread of the calibration loop', calibration && relativeSpread(calibration), LIMITS.calibrationSpread],
    ['spread of the unguarded row', base && relativeSpread(base), LIMITS.baseSpread],
  ];
  return checks.flatMap(([what, figure, limit]) =>
    figure === undefined || figure <= limit ? [] : [{ what, figure, limit }],
  );
}

/**
 * Busy time since the start of the machine, with the time that the host of a virtual machine took. Undefined where /proc is
 * missing.
 *
 * @param {readonly number[]} [cores] all, if none are named
 */
export function busyUs(cores = []) {
  try {
    const names = cores.length === 0 ? ['cpu'] : cores.map((core) => `cpu${core}`);
    const lines = readFileSync('/proc/stat', 'utf8').split('\n');
    return lines
      .map((line) => line.split(/\s+/))
      .reduce(
        (sum, [name = '', ...times]) => sum + (names.includes(name) ? busyTicks(times) * TICK_US : 0),
        0,
      );
  } catch {
    return undefined;
  }
}
/** The kernel's unit in /proc/stat, the same on every architecture that Node.js supports. */
const TICK_US = 10_000;

/** @param {readonly string[]} times a line of /proc/stat without its name: user, nice, system, idle, iowait, irq, softirq, steal */
function busyTicks(times) {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = times.map(Number);
  return user + nice + system + irq + softirq + steal;
}

const LOOK_MS = 1_000;
const PATIENCE_MS = 30_000;

/**
 * What other processes take while this one runs, as a share of a core. Of more than two cores the share for two of them counts:
 * what runs on the others does less harm.
 *
 * @returns {() => number | undefined} the share since the call
 */
export function watchOthers() {
  const startMs = performance.now();
  const startUs = busyUs();
  const own = process.cpuUsage();
  return () => {
    const endUs = busyUs();
    if (startUs === undefined || endUs === undefined) return undefined;
    const { user, system } = process.cpuUsage(own);
    const tookUs = (performance.now() - startMs) * 1_000;
    return (Math.max(0, endUs - startUs - user - system) / tookUs) * Math.min(1, 2 / cpus().length);
  };
}

/**
 * Waits until the machine is quiet, half a minute at the most: a build may just have ended.
 *
 * @returns {Promise<number>} the share of a core that is busy though this process waits; 0 where it is not known
 */
export async function waitUntilQuiet() {
  for (const untilMs = performance.now() + PATIENCE_MS; ;) {
    const othersShare = watchOthers();
    await sleep(LOOK_MS);
    const share = othersShare() ?? 0;
    if (share <= LIMITS.othersShare || performance.now() >= untilMs) return share;
  }
}

/** Processes that ran or waited for a core during the last minute, on average. */
export const loadAverage = () => loadavg()[0] ?? NaN;
