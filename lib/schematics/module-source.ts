/** An entry of a list in the object of `@Module()`. */
export interface ModuleEntry {
  readonly list: 'imports' | 'providers';
  readonly text: string;
}

/** Names that a file has to import, each with the module that it comes from. */
export type ImportedNames = Readonly<Record<string, string>>;

/**
 * Adds entries in front of the lists of the `@Module()` of a file, and a list where there is none. In front, since guards of
 * APP_GUARD are asked in the order in which they stand.
 *
 * @returns the new text; undefined if the file has not exactly one `@Module({ … })`, or if one of the lists is no literal
 */
export function addEntries(source: string, entries: readonly ModuleEntry[]): string | undefined {
  return entries.reduce<string | undefined>(
    (text, entry) => (text === undefined ? undefined : addEntry(text, entry)),
    source,
  );
}

function addEntry(source: string, { list, text }: ModuleEntry): string | undefined {
  const code = blank(source);
  const [object, ...others] = [...code.matchAll(/@Module\s*\(\s*\{/g)].map(
    ({ index, 0: head }) => index + head.length,
  );
  if (object === undefined || others.length > 0) return undefined;
  const value = valueOf(code, object, list);
  if (value === undefined) {
    const isEmpty = /^\s*\}/.test(code.slice(object));
    return insert(source, object, `\n  ${list}: [${text}],${isEmpty ? '\n' : ''}`);
  }
  if (code[value] !== '[') return undefined;
  const rest = code.slice(value + 1);
  if (/^\s*\]/.test(rest)) return insert(source, value + 1, text);
  const lineStart = /^[ \t]*\r?\n([ \t]*)/.exec(rest)?.[1];
  return insert(source, value + 1, lineStart === undefined ? `${text}, ` : `\n${lineStart}${text},`);
}

/** Adds imports behind those of the file; a name that it has already is not imported again. */
export function addImports(source: string, imports: ImportedNames): string {
  const missing = Object.keys(imports).filter((name) => !mentions(source, name));
  const lines = [...new Set(missing.map((name) => imports[name]))].map((from) => {
    const names = missing.filter((name) => imports[name] === from).toSorted();
    return `import { ${names.join(', ')} } from '${from ?? ''}';\n`;
  });
  const last = [...blank(source).matchAll(IMPORT)].at(-1);
  return insert(source, last === undefined ? 0 : last.index + last[0].length, lines.join(''));
}

/** In code whose strings are blank. */
const IMPORT = /^import\b[^;'"]*(['"])\s*\1;?[ \t]*(?:\r?\n|$)/gm;

/** Whether the code of the file has this name; comments and strings do not count. */
export function mentions(source: string, name: string): boolean {
  return new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(blank(source));
}

/** Where the value of a property begins, of the object whose first member may stand at `start`. */
function valueOf(code: string, start: number, name: string): number | undefined {
  let depth = 0;
  for (let at = start; at < code.length && depth >= 0; at += 1) {
    const character = code.charAt(at);
    if ('{[('.includes(character)) depth += 1;
    if ('}])'.includes(character)) depth -= 1;
    if (depth !== 0 || /[\w$]/.test(code.charAt(at - 1))) continue;
    const head = new RegExp(`^${name}\\s*(:\\s*|(?=[,}]))`).exec(code.slice(at));
    if (head !== null) return at + head[0].length;
  }
  return undefined;
}

/** The text with nothing in its comments and strings, each character of the rest in its place. */
function blank(source: string): string {
  return source.replace(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g,
    (found) =>
      found.startsWith('/')
        ? found.replace(/[^\n]/g, ' ')
        : `${found[0] ?? ''}${found.slice(1, -1).replace(/[^\n]/g, ' ')}${found.at(-1) ?? ''}`,
  );
}

const insert = (source: string, at: number, text: string): string =>
  `${source.slice(0, at)}${text}${source.slice(at)}`;
