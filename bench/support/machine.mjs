// The machine that figures belong to.
import { cpus } from 'node:os';
import { chooseCores } from './cores.mjs';

/** @typedef {{ cpu: string, cores: number, node: string, pinned: string }} Machine */

/** @returns {Machine} */
export function describeMachine() {
  const chosen = chooseCores();
  const apart = chosen?.sameCore === true ? ' (two threads of one core)' : '';
  return {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    node: process.version,
    pinned:
      chosen === undefined
        ? 'server and load generator are not pinned: taskset or a second core is missing'
        : `server on core ${chosen.server}, load generator on core ${chosen.client}${apart}`,
  };
}

/** @param {Machine} machine */
export const machineLine = ({ cpu, cores, node, pinned }) =>
  `${cpu}, ${cores} cores, Node.js ${node}; ${pinned}`;
