import { isUtf8 } from 'node:buffer';

/** Payloads up to here are decoded without an allocation of their own. */
const SCRATCH_BYTES = 65_536;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/**
 * Last characters whose unused bits are zero, by how many characters the last group has: any for none, because the group
 * before is full; there is no group of one.
 */
const LAST_CHARACTERS = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'];
/** The length of no bytes at all. */
const NOT_CANONICAL = -1;

/**
 * Whether a text can be base64url at all (RFC 4648 section 5): ASCII, and neither of the two characters
 * that Node's decoder takes for those of the URL alphabet.
 */
export function mayBeBase64url(text: string): boolean {
  return Buffer.byteLength(text) === text.length && !text.includes('+') && !text.includes('/');
}

/**
 * The bytes of a segment; undefined if it is not the canonical form of any (RFC 7515 section 2).
 *
 * Node's decoder skips what it does not know: each skipped character costs a byte, so the length tells.
 *
 * @param segment - of a text that {@link mayBeBase64url}.
 */
export function decodeBytes(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.length === lengthOf(segment) ? bytes : undefined;
}

/** The UTF-8 text of a segment, with the same demands on it. */
export function decodeText(segment: string): string | undefined {
  const length = lengthOf(segment);
  // Stryker disable next-line ConditionalExpression,EqualityOperator: either place holds the text, an allocation costs time.
  const target = length > SCRATCH_BYTES ? Buffer.allocUnsafe(length) : scratch;
  if (target.write(segment, 0, 'base64url') !== length) return undefined;
  const text = target.toString('utf8', 0, length);
  // RFC 7515 section 5.2, step 3, RFC 8259 section 8.1: invalid UTF-8 becomes U+FFFD, so that two tokens would read alike.
  return text.includes('\uFFFD') && !isUtf8(target.subarray(0, length)) ? undefined : text;
}

/** How many bytes a canonical segment of this length and end stands for. */
function lengthOf(segment: string): number {
  const { length } = segment;
  const isOpen = LAST_CHARACTERS[length % 4]?.includes(segment.charAt(length - 1)) === false;
  return isOpen ? NOT_CANONICAL : Math.floor((length * 3) / 4);
}
