// A process on a core of its own that answers questions.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onCore } from '../support/cores.mjs';

/**
 * @typedef {{ url: string, ask: (question: object) => Promise<unknown>, close: () => void }} Child
 */

/**
 * @param {{ file: string, args?: readonly string[], core: number | undefined }} options `file`: in this folder
 * @returns {Promise<Child>} when the process has told its URL
 */
export async function startChild({ file, args = [], core }) {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const [command, all] = onCore(core, process.execPath, [script, ...args]);
  const child = spawn(command, all, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  /** @type {Map<number, (value: unknown) => void>} */
  const waiting = new Map();
  let asked = 0;
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${file} ended with ${String(code)}`)));
    child.on('message', (message) => {
      const { id, url: own, value } = /** @type {{ id?: number, url?: string, value?: unknown }} */ (message);
      if (id === undefined) resolve(own ?? '');
      else waiting.get(id)?.(value);
    });
  });
  return {
    url,
    ask: (question) =>
      new Promise((resolve, reject) => {
        const id = ++asked;
        child.once('exit', reject);
        waiting.set(id, (value) => {
          waiting.delete(id);
          child.off('exit', reject);
          resolve(value);
        });
        child.send({ ...question, id });
      }),
    close: () => child.disconnect(),
  };
}
