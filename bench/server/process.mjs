// One route in a process of its own. Argument: AppOptions as JSON. It tells the parent its URL, and answers its questions.
import { createApp } from './app.mjs';
import { startRecording } from './recorder.mjs';

/**
 * @typedef {{ id: number, ask: 'cpu' } | { id: number, ask: 'start', what: import('./recorder.mjs').What }
 *   | { id: number, ask: 'stop', file?: string }} Question
 */

const app = await createApp(
  /** @type {import('./app.mjs').AppOptions} */ (JSON.parse(process.argv[2] ?? '{}')),
);
/** @type {import('./recorder.mjs').Recording | undefined} */
let recording = undefined;

/**
 * @param {Question} question
 * @returns {Promise<number | undefined>}
 */
async function answer(question) {
  switch (question.ask) {
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return user + system;
    }
    case 'start':
      recording = await startRecording(question.what);
      return undefined;
    case 'stop':
      return recording?.stop(question.file ?? '');
  }
}

process.on('message', (message) => {
  const question = /** @type {Question} */ (message);
  void answer(question).then((value) => process.send?.({ id: question.id, value }));
});
process.on('disconnect', () => process.exit());
await app.listen(0, '127.0.0.1');
process.send?.({ url: await app.getUrl() });
