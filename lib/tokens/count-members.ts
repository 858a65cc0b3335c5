const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Levels of objects and lists that a header or a payload may have; real ones have a handful. */
export const MAX_DEPTH = 64;
/** The answer for a text that is nested deeper than {@link MAX_DEPTH}. */
export const TOO_DEEP = -1;

/**
 * How many members the outermost object of a JSON text has, repeated names counted each time.
 * `JSON.parse` keeps the last of them silently; two parsers that keep different ones can be played
 * against each other (RFC 7519 section 4), so the difference must be seen.
 *
 * JSON.parse has no bound of depth, but whoever is handed the claims may walk them recursively, as
 * JSON.stringify does: what is nested too deeply is {@link TOO_DEEP}.
 *
 * @param text - valid JSON whose outermost value is an object.
 */
export function countMembers(text: string): number {
  let members = 0;
  let depth = 0;
  // Stryker disable next-line EqualityOperator: behind the end is NaN, which no case takes.
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case COLON:
        if (depth === 1) members++;
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > MAX_DEPTH) return TOO_DEEP;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
    }
  }
  return members;
}

/** The position of the quote that ends a string: the first one behind an even number of backslashes. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
