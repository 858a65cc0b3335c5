/** What steers a terminal, breaks a line, turns the direction of writing, or looks like nothing or like a space. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Text that came from elsewhere, on one line, with every such character escaped as in JSON. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escapeUnits);
}

/** The same, no longer than `maxLength` and an ellipsis; what is beyond is not looked at. */
export function clipped(text: string, maxLength: number): string {
  return clip(text, maxLength, printable);
}

/** The same in the quotes of JSON, and no longer than a line; for logs and reports. */
export function quoted(text: string, maxLength = 200): string {
  return `"${clip(text, maxLength, (character) => printable(character.replace(/["\\]/, String.raw`\$&`)))}"`;
}

/** JSON of the same value, in which nothing of that kind stands as itself. */
export function printableJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent);
  return json.replaceAll(UNPRINTABLE, (character) =>
    character === '\n' ? character : escapeUnits(character),
  );
}

/** No escape and no character of two units is cut in two. */
function clip(text: string, maxLength: number, show: (character: string) => string): string {
  let shown = '';
  for (const character of text) {
    const next = shown + show(character);
    if (next.length > maxLength) return `${shown}…`;
    shown = next;
  }
  return shown;
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => String.raw`\u` + character.charCodeAt(at).toString(16).padStart(4, '0'),
  ).join('');
}

const MOST_LISTED = 5;
/** Lists of the configuration are told again at each refusal: their text is made once. */
const texts = new WeakMap<readonly string[], string>();

/** The first few of a list in quotes, and how many more there are; for messages. The list must not change. */
export function listOf(names: readonly string[]): string {
  const known = texts.get(names);
  if (known !== undefined) return known;
  const shown = names.slice(0, MOST_LISTED).map((name) => quoted(name, 100));
  const more = names.length - shown.length;
  const text = [...shown, ...(more > 0 ? [`${String(more)} more`] : [])].join(', ');
  texts.set(names, text);
  return text;
}
