// The signature alone, on the core of the server. It is handed keys and tokens once, and then asked for microseconds.
import { createPublicKey } from 'node:crypto';
import { floor } from '../validation/floor.mjs';

/**
 * @typedef {import('../support/tokens.mjs').Algorithm} Algorithm
 * @typedef {{ algorithm: Algorithm, pem: string, tokens: string[] }} Task
 */

/** @type {Map<Algorithm, { check: (token: string) => unknown, tokens: readonly string[] }>} */
const floors = new Map();

process.on('message', (message) => {
  const { id, task, algorithm } = /** @type {{ id: number, task?: Task, algorithm: Algorithm }} */ (message);
  if (task !== undefined) {
    const publicKey = createPublicKey(task.pem);
    floors.set(algorithm, { check: floor({ algorithm, publicKey }, task.tokens).one, tokens: task.tokens });
  }
  process.send?.({ id, value: microseconds(algorithm) });
});
process.on('disconnect', () => process.exit());
process.send?.({ url: '' });

/** @param {Algorithm} algorithm */
function microseconds(algorithm) {
  const { check, tokens } = floors.get(algorithm) ?? { tokens: [] };
  const startMs = performance.now();
  for (const token of tokens) check?.(token);
  return ((performance.now() - startMs) * 1_000) / tokens.length;
}
