// Which processor core runs what: the server alone on one, the load generator on another.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * @typedef {{ server: number, client: number, sameCore: boolean }} Cores `sameCore`: both are threads of one physical core
 */

/**
 * Two cores to pin to, or undefined where `taskset` or a second core is missing.
 *
 * @returns {Cores | undefined}
 */
export function chooseCores() {
  if (spawnSync('taskset', ['--version']).status !== 0) return undefined;
  const [server, ...others] = allowedCores();
  if (server === undefined || others.length === 0) return undefined;
  const siblings = siblingsOf(server);
  const apart = others.find((core) => !siblings.includes(core));
  return { server, client: apart ?? others[0] ?? server, sameCore: apart === undefined };
}

/**
 * A command that runs on one core; the command itself where cores cannot be chosen.
 *
 * @param {number | undefined} core
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {[command: string, args: string[]]}
 */
export function onCore(core, command, args) {
  return core === undefined
    ? [command, [...args]]
    : ['taskset', ['--cpu-list', String(core), command, ...args]];
}

/** @param {number | undefined} core all threads of this process go there */
export function moveTo(core) {
  if (core === undefined) return;
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)]);
}

/** The cores that this process may use, from "pid 1's current affinity list: 0-3,6". */
function allowedCores() {
  const answer = execFileSync('taskset', ['--cpu-list', '--pid', String(process.pid)], { encoding: 'utf8' });
  return readCoreList(answer.slice(answer.lastIndexOf(':') + 1));
}

/** @param {string} list such as "0-3,6" */
function readCoreList(list) {
  return list
    .trim()
    .split(',')
    .flatMap((part) => {
      const [first = NaN, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** @param {number} core */
function siblingsOf(core) {
  try {
    const path = `/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`;
    return readCoreList(readFileSync(path, 'utf8'));
  } catch {
    return [core];
  }
}
