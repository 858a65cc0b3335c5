/**
 * A field value without the whitespace around it: SP and HTAB (RFC 9110 section 5.6.3). `String.prototype.trim` takes away more,
 * such as U+00A0, which belongs to a value: it would make the name of a cookie another one.
 */
export function trimOptionalWhitespace(value: string): string {
  let [start, end] = [0, value.length];
  while (start < end && isWhitespace(value, start)) start++;
  while (end > start && isWhitespace(value, end - 1)) end--;
  return value.slice(start, end);
}

function isWhitespace(value: string, at: number): boolean {
  const code = value.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
