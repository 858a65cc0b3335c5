import { PassThrough, Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ACCEPT_ENCODING, BodyTooLargeError, readBody, UnknownEncodingError } from './read-body.js';

const TEXT = Buffer.from(JSON.stringify({ keys: ['ü'.repeat(500)] }));
const MAX = 10_000;

/** A body in pieces, which counts how much of it was taken. */
function bodyOf(bytes: Buffer, pieceBytes = 100): { body: Readable; taken: () => number } {
  let at = 0;
  const body = new Readable({
    highWaterMark: pieceBytes,
    read() {
      this.push(at < bytes.length ? bytes.subarray(at, (at += pieceBytes)) : null);
    },
  });
  return { body, taken: () => at };
}

describe('readBody', () => {
  it.each([
    ['', TEXT],
    ['identity', TEXT],
    ['gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
  ])('reads a body with the encoding "%s"', async (encoding, bytes) => {
    const { body } = bodyOf(bytes);
    expect(await readBody(body, encoding, MAX)).toEqual(TEXT);
    expect(body.destroyed).toBe(true);
  });

  it('offers what it can undo', () => {
    expect(ACCEPT_ENCODING).toBe('gzip, deflate, br');
  });

  it('reads an empty body', async () => {
    expect(await readBody(bodyOf(Buffer.alloc(0)).body, '', MAX)).toHaveLength(0);
  });

  it('takes a body as long as is allowed, and not one byte more', async () => {
    expect(await readBody(bodyOf(TEXT).body, '', TEXT.length)).toEqual(TEXT);
    await expect(readBody(bodyOf(TEXT).body, '', TEXT.length - 1)).rejects.toThrow(BodyTooLargeError);
  });

  it('stops reading a long body', async () => {
    const { body, taken } = bodyOf(Buffer.alloc(1_000_000));
    await expect(readBody(body, '', 1_000)).rejects.toThrow(BodyTooLargeError);
    expect(taken()).toBeLessThan(10_000);
    expect(body.destroyed).toBe(true);
  });

  // Fast and loose compression makes them longer than what a stream takes ahead, 64 KiB on a newer Node.
  it.each([
    ['gzip', gzipSync(Buffer.alloc(100_000_000), { level: 1 })],
    ['deflate', deflateSync(Buffer.alloc(100_000_000), { level: 1 })],
    ['br', brotliCompressSync(Buffer.concat([Buffer.alloc(10_000_000), Buffer.alloc(1000, 'x')]))],
  ])('drops a %s bomb early', async (encoding, bomb) => {
    const { body, taken } = bodyOf(bomb, 8);
    await expect(readBody(body, encoding, 524_288)).rejects.toThrow(BodyTooLargeError);
    expect(body.destroyed).toBe(true);
    if (encoding !== 'br') expect(taken()).toBeLessThan(bomb.length / 2);
  });

  it.each([
    ['gzip', gzipSync(TEXT).subarray(0, 20)],
    ['gzip', TEXT],
    ['br', Buffer.alloc(10, 0xff)],
    ['deflate', gzipSync(TEXT)],
  ])('refuses a body that is broken under %s', async (encoding, bytes) => {
    const { body } = bodyOf(bytes);
    await expect(readBody(body, encoding, MAX)).rejects.toThrow(
      /unexpected end|incorrect header|Decompression failed/i,
    );
    expect(body.destroyed).toBe(true);
  });

  it.each(['zstd', 'compress', 'GZIP', 'gzip, gzip', 'x', 'constructor', '__proto__', 'toString', 'valueOf'])(
    'refuses the encoding %s, and leaves no open body behind',
    async (encoding) => {
      const { body, taken } = bodyOf(TEXT);
      await expect(readBody(body, encoding, MAX)).rejects.toThrow(UnknownEncodingError);
      expect(body.destroyed).toBe(true);
      expect(taken()).toBe(0);
    },
  );

  it.each(['', 'gzip'])('fails with a body that breaks off, encoding "%s"', async (encoding) => {
    const body = new PassThrough();
    const read = readBody(body, encoding, MAX);
    body.write(gzipSync(TEXT).subarray(0, 10));
    body.destroy(new Error('reset by the provider'));
    await expect(read).rejects.toThrow('reset by the provider');
  });
});
