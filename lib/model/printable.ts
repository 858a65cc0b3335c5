/** Text that came from elsewhere, without what steers a terminal, breaks a line or turns the direction of writing. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

/** The same in the quotes of JSON, and no longer than a line; for logs and reports. */
export function quoted(text: string, maxLength = 200): string {
  const shown = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return JSON.stringify(printable(shown));
}

const MOST_LISTED = 5;

/** The first few of a list in quotes, and how many more there are; for messages. */
export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).map((name) => quoted(name, 100));
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`${String(more)} more`] : [])].join(', ');
}
