import * as zlib from 'node:zlib';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ACCEPT_ENCODING, BodyTooLargeError, decodeBody } from './decode-body.js';

const TEXT = Buffer.from(JSON.stringify({ keys: ['ü'.repeat(500)] }));
const MAX = 10_000;
const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Buffer) => Buffer };

/** A row for a Node.js that has it. */
const ZSTD = (bytes: Buffer): [string, Buffer][] =>
  zstdCompressSync === undefined ? [] : [['zstd', zstdCompressSync(bytes)]];

describe('decodeBody', () => {
  it.each<[string, Buffer]>([
    ['', TEXT],
    ['identity', TEXT],
    ['gzip', gzipSync(TEXT)],
    ['GZIP', gzipSync(TEXT)],
    ['x-gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    [' identity , gzip ', gzipSync(TEXT)],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
    ['br, gzip, deflate', deflateSync(gzipSync(brotliCompressSync(TEXT)))],
    ...ZSTD(TEXT),
  ])('undoes "%s"', async (encoding, bytes) => {
    expect(await decodeBody(bytes, encoding, MAX)).toEqual(TEXT);
  });

  it('offers what it can undo', () => {
    const codings = ['gzip', 'deflate', 'br', ...(zstdCompressSync === undefined ? [] : ['zstd'])];
    expect(ACCEPT_ENCODING).toBe(codings.join(', '));
  });

  it.each(['utf-8', 'none', 'compress', 'constructor', '__proto__', 'toString', 'gzip, utf-8'])(
    'leaves a body with "%s" as it is, as fetch does',
    async (encoding) => {
      expect(await decodeBody(TEXT, encoding, MAX)).toBe(TEXT);
    },
  );

  it.each(['gzip', 'deflate', 'br'])('reads an empty body under %s', async (encoding) => {
    expect(await decodeBody(Buffer.alloc(0), encoding, MAX)).toHaveLength(0);
  });

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ...ZSTD(TEXT),
  ])('takes as much out of %s as is allowed, and not one byte more', async (encoding, bytes) => {
    expect(await decodeBody(bytes, encoding, TEXT.length)).toEqual(TEXT);
    await expect(decodeBody(bytes, encoding, TEXT.length - 1)).rejects.toThrow(BodyTooLargeError);
  });

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(Buffer.alloc(100_000_000))],
    ['deflate', deflateSync(Buffer.alloc(100_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(100_000_000))],
    ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(100_000_000)))],
    ...ZSTD(Buffer.alloc(100_000_000)),
  ])('ends a %s bomb at the limit', async (encoding, bomb) => {
    const before = process.memoryUsage();
    await expect(decodeBody(bomb, encoding, 524_288)).rejects.toThrow(BodyTooLargeError);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(10_000_000);
  });

  it('undoes three codings, and not four', async () => {
    const thrice = gzipSync(gzipSync(gzipSync(TEXT)));
    expect(await decodeBody(thrice, 'gzip, gzip, gzip', MAX)).toEqual(TEXT);
    await expect(decodeBody(gzipSync(thrice), 'gzip, gzip, gzip, gzip', MAX)).rejects.toThrow(
      'more than 3 content codings',
    );
  });

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(TEXT).subarray(0, 20)],
    ['gzip', TEXT],
    ['br', Buffer.alloc(10, 0xff)],
    ['deflate', gzipSync(TEXT)],
  ])('refuses a body that is broken under %s', async (encoding, bytes) => {
    await expect(decodeBody(bytes, encoding, MAX)).rejects.toThrow('its Content-Encoding cannot be undone');
  });
});
