import { isUtf8 } from 'node:buffer';
import { quoted } from '../model/printable.js';
import { decodeBody } from './decode-body.js';
import { completeAnswer } from './document.js';
import { invalid, markNoSuchDocument } from './failures.js';
import type { Outcome } from './request-outcome.js';
import type { RawAnswer } from './send.js';

/** An answer that has arrived. */
export interface Arrived extends RawAnswer {
  readonly url: URL;
  /** The same as it was asked for, to know the document by. */
  readonly documentUrl: string;
  /** What was asked for, and through which proxy, for messages: `GET https://…`. */
  readonly what: string;
  /** When, in milliseconds since 1970. */
  readonly atMs: number;
}

/**
 * The JSON document of an answer with the status 200, as `fetch().json()` reads it: whatever its media type is.
 *
 * @param maxBytes - of the decoded body.
 * @throws {BodyTooLargeError}
 */
export async function readDocument(
  { documentUrl, what, atMs, bytes, headers }: Arrived,
  maxBytes: number,
): Promise<Outcome> {
  const encoding = headers['content-encoding'] ?? '';
  const text = await decodeBody(bytes, encoding, maxBytes);
  if (!isUtf8(text)) return invalid(what, 'its body is not UTF-8');
  const json = parseJson(text);
  if (json !== undefined) return { answer: completeAnswer(documentUrl, json.body, headers, atMs) };
  const type = headers['content-type'];
  const said = [`Content-Type ${type === undefined ? 'absent' : quoted(type, 60)}`];
  if (encoding !== '') said.push(`Content-Encoding ${quoted(encoding, 60)}`);
  const failure = invalid(what, `its body is not JSON (${said.join(', ')})`);
  return isHtml(type, text) ? markNoSuchDocument(failure) : failure;
}

/** The reader drops a byte order mark (RFC 8259 section 8.1 allows that). */
function parseJson(bytes: Buffer): { readonly body: unknown } | undefined {
  try {
    return { body: JSON.parse(new TextDecoder().decode(bytes)) as unknown };
  } catch {
    return undefined;
  }
}

/** A page for people: servers of single-page applications answer every path with one. */
function isHtml(contentType: string | undefined, bytes: Buffer): boolean {
  return (
    /^\s*(text\/html|application\/xhtml\+xml)/i.test(contentType ?? '') ||
    /^\s*</.test(bytes.toString('utf8', 0, 100))
  );
}
