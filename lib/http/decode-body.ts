import { trimOptionalWhitespace } from '../model/optional-whitespace.js';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

/** The body is longer than allowed, as it came or decompressed. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';

  constructor(maxBytes: number) {
    super(`more than ${String(maxBytes)} bytes`);
  }
}

type Decode = (bytes: Buffer, options: zlib.ZlibOptions) => Promise<Buffer>;

const gunzip: Decode = promisify(zlib.gunzip);
const inflate: Decode = promisify(zlib.inflate);
const inflateRaw: Decode = promisify(zlib.inflateRaw);
const unbrotli: Decode = (bytes, { maxOutputLength }) =>
  promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress)(bytes, { maxOutputLength });
/** Since Node.js 22.15. */
const { zstdDecompress } = zlib as { zstdDecompress?: Parameters<typeof promisify>[0] };

/** Content codings (RFC 9110 section 8.4.1) that are offered, and how they are undone. */
const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', gunzip],
  // RFC 9110 section 8.4.1.2 wants the zlib format; many servers send bare deflate, which begins otherwise.
  ['deflate', (bytes, options) => (((bytes[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(bytes, options)],
  ['br', unbrotli],
  ...(zstdDecompress === undefined
    ? []
    : [['zstd', promisify(zstdDecompress) as unknown as Decode] as const]),
]);

export const ACCEPT_ENCODING = [...DECODERS.keys()].join(', ');

/** More codings, one over the other, are no honest answer. */
const MAX_CODINGS = 3;

/**
 * Undoes the content codings of a body. As `fetch` does it, a body with a coding that nobody knows is left as it is:
 * servers write a charset there, or the name of a coding that they did not apply.
 *
 * @param contentEncoding - the field as it came (RFC 9110 section 8.4): the codings in the order they were applied.
 * @param maxBytes - the limit for what comes out of each of them, while it comes out: a bomb ends there.
 * @throws {BodyTooLargeError}
 * @throws {Error} for bytes that are not in the coding, with what zlib says of them as cause.
 */
export async function decodeBody(bytes: Buffer, contentEncoding: string, maxBytes: number): Promise<Buffer> {
  const decoders: Decode[] = [];
  for (const coding of codingsOf(contentEncoding)) {
    const decoder = DECODERS.get(coding);
    // What is no JSON then is refused later, with the name of the coding in the message.
    if (decoder === undefined) return bytes;
    decoders.unshift(decoder);
  }
  if (decoders.length > MAX_CODINGS) throw new Error(`more than ${String(MAX_CODINGS)} content codings`);
  let decoded = bytes;
  for (const decode of decoders) decoded = await decodeWithin(decode, decoded, maxBytes);
  return decoded;
}

/**
 * Limits each stage, not only the last: of two codings, the first may already be a bomb. zlib stops as soon as its output is
 * longer than allowed, so that the limit bounds the memory as well.
 */
async function decodeWithin(decode: Decode, bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (bytes.length === 0) return bytes;
  try {
    return await decode(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw new BodyTooLargeError(maxBytes);
    throw new Error('its Content-Encoding cannot be undone', { cause: error });
  }
}

/** In lower case, without what changes nothing; `x-gzip` is gzip (RFC 9110 section 8.4.1.3). */
function codingsOf(contentEncoding: string): readonly string[] {
  return contentEncoding
    .split(',')
    .map((coding) =>
      trimOptionalWhitespace(coding)
        .toLowerCase()
        .replace(/^x-gzip$/, 'gzip'),
    )
    .filter((coding) => coding !== '' && coding !== 'identity');
}
