import { describe, expect, it } from 'vitest';
import { parseEvent, readEvents, type StreamedEvent } from './events.js';

async function readAll(chunks: readonly Uint8Array[]): Promise<readonly StreamedEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const events: StreamedEvent[] = [];
  for await (const event of readEvents(body, new AbortController().signal)) events.push(event);
  return events;
}

describe('the stream of events', () => {
  const text = 'event: state\ndata: {"text":"größer"}\n\n: alive\n\nevent: end\ndata: {"reason":"renew"}\n\n';
  const events = [
    { event: 'state', data: { text: 'größer' } },
    { event: 'end', data: { reason: 'renew' } },
  ];

  it('is read whole', async () => {
    expect(await readAll([new TextEncoder().encode(text)])).toEqual(events);
  });

  it('is read byte by byte, within a character too', async () => {
    const bytes = [...new TextEncoder().encode(text)].map((byte) => Uint8Array.of(byte));
    expect(await readAll(bytes)).toEqual(events);
  });

  it('is read whatever line separators are in it', () => {
    const block = 'event: state\ndata: {"kid":"a\u2028b\u2029c"}';
    expect(parseEvent(block)).toEqual([{ event: 'state', data: { kid: 'a\u2028b\u2029c' } }]);
  });

  it('leaves out what was cut off', async () => {
    expect(await readAll([new TextEncoder().encode('event: state\ndata: {"a":1}')])).toEqual([]);
  });

  it('ends with its signal', async () => {
    const abort = new AbortController();
    const cancelled: unknown[] = [];
    const body = new ReadableStream<Uint8Array>({ cancel: (reason) => void cancelled.push(reason) });
    const reading = readEvents(body, abort.signal).next();
    abort.abort();
    expect(await reading).toEqual({ done: true, value: undefined });
    expect(cancelled).toHaveLength(1);
  });

  it.each([
    ['no data', 'event: state', []],
    ['a comment', ': alive', []],
    ['no name', 'data: 1', [{ event: 'message', data: 1 }]],
    ['no space', 'event:point\ndata:{}', [{ event: 'point', data: {} }]],
  ])('with %s', (_name, block, expected) => {
    expect(parseEvent(block)).toEqual(expected);
  });
});
