/** @typedef {{ readonly event: string, readonly data: unknown }} StreamedEvent */

/**
 * Server-Sent Events as this server writes them: a line `event`, a line `data` with JSON, an empty line. A
 * browser's own EventSource cannot send an Authorization header.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {AbortSignal} signal - stops the reading, too.
 * @returns {AsyncGenerator<StreamedEvent, void>}
 */
export async function* readEvents(body, signal) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const stop = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', stop);
  try {
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      yield* blocks.flatMap(parseEvent);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/**
 * @param {string} block
 * @returns {StreamedEvent[]} none where it has no data, such as a comment that keeps the line alive.
 */
export function parseEvent(block) {
  const fields = block.split('\n').map((line) => /^([a-z]+): ?(.*)$/s.exec(line) ?? []);
  const valueOf = (/** @type {string} */ name) => fields.find(([, field]) => field === name)?.[2];
  const data = valueOf('data');
  if (data === undefined) return [];
  return [{ event: valueOf('event') ?? 'message', data: /** @type {unknown} */ (JSON.parse(data)) }];
}
