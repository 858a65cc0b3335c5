import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { pipeline, type Readable, type Transform } from 'node:stream';

/** The body is longer than allowed. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** The body has a `Content-Encoding` that was not offered. */
export class UnknownEncodingError extends Error {
  override readonly name = 'UnknownEncodingError';
}

/** What is offered in `Accept-Encoding`, and how it is undone. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};

export const ACCEPT_ENCODING = Object.keys(DECODERS).join(', ');

/**
 * Reads a body to its end. The limit holds for what comes out of decompression, while it comes out: a
 * bomb is dropped at its first byte too many.
 */
export async function readBody(body: Readable, encoding: string, maxBytes: number): Promise<Buffer> {
  // Whatever breaks is seen by the reader below; a body that is let go breaks with nobody reading.
  body.on('error', () => undefined);
  const plain = encoding === '' || encoding === 'identity';
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding]?.() : undefined;
  if (!plain && decoder === undefined) {
    body.destroy();
    throw new UnknownEncodingError('unknown Content-Encoding');
  }
  const source = decoder === undefined ? body : pipeline(body, decoder, () => undefined);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) throw new BodyTooLargeError(`more than ${String(maxBytes)} bytes`);
      chunks.push(chunk);
    }
  } finally {
    body.destroy();
  }
  return Buffer.concat(chunks, length);
}

/** Lets a body go that nobody wants. */
export function discardBody(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}
