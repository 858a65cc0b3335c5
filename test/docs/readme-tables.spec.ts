import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode } from 'nestjs-identity-model';
import * as api from 'nestjs-identity-model';
import { MODULE_OPTIONS } from '../../lib/options/module-options.js';
import { resolveOptions } from '../../lib/options/resolve-options.js';
import type { Option, Rows } from '../../lib/options/schema.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const README = read('README.md');
const OPTIONS = read('docs/reference/options.md');
const ERRORS = read('docs/reference/errors.md');
const CACHING = read('docs/operations/caching.md');

/** The cells of all table rows below a heading, to the next one; without a heading, those of the whole document. */
function rowsBelow(heading: string | undefined, document: string): string[][] {
  const section = document.split(/^## /m).find((text) => text.startsWith(`${heading ?? ''}\n`)) ?? '';
  return (heading === undefined ? document : section)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
}

const unquote = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

/** An option as its table names it, `http.timeoutMs`: its row, and what editors show of it. */
interface Described {
  readonly name: string;
  readonly row: Option<unknown, unknown>;
  readonly meaning: string;
  /** Text of `@default`; undefined if there is none. */
  readonly byDefault: string | undefined;
}

/**
 * The options of the tables, with what the compiler knows of the published type: that is what an editor shows. In
 * declarations it drops comments that it keeps in sources.
 */
function describeOptions(): Described[] {
  const file = fileURLToPath(new URL('../../dist/options/module-options.d.ts', import.meta.url));
  const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, strict: true, types: ['node'] });
  const checker = program.getTypeChecker();
  const declaration = program
    .getSourceFile(file)
    ?.statements.filter(ts.isInterfaceDeclaration)
    .find(({ name }) => name.text === 'IdentityModuleOptions');
  if (declaration === undefined) throw new Error('no IdentityModuleOptions');
  const walk = (type: ts.Type, rows: Rows, path: string): Described[] =>
    Object.entries(rows).flatMap(([name, row]) => {
      const symbol = type.getProperty(name);
      if (symbol === undefined) throw new Error(`${path}${name} is missing in the public type`);
      const own = objectIn(checker.getNonNullableType(checker.getTypeOfSymbol(symbol)));
      // The table has options of a second level, `http.tls`, in one line.
      if (row.rows !== undefined && path === '') return walk(own, row.rows, `${name}.`);
      const meaning = ts.displayPartsToString(symbol.getDocumentationComment(checker));
      const tag = symbol.getJsDocTags(checker).find((each) => each.name === 'default');
      return [{ name: path + name, row, meaning, byDefault: tag && ts.displayPartsToString(tag.text) }];
    });
  return walk(checker.getTypeAtLocation(declaration), MODULE_OPTIONS, '');
}

/** `false` in the place of an object of options has no members. */
function objectIn(type: ts.Type): ts.Type {
  if (!type.isUnion()) return type;
  return type.types.find(({ flags }) => (flags & ts.TypeFlags.Object) !== 0) ?? type;
}

/** What stands in the documents for a default, if it is a literal. */
function literalOf(name: string, text: string): unknown {
  const quoted = unquote(text).replaceAll("'", '"');
  // Media types are compared in lower case, and so kept.
  return JSON.parse(name === 'tokenTypes' ? quoted.toLowerCase() : quoted) as unknown;
}

/** Their defaults are no literals: they are of the environment, of this Node.js, of the application's functions, or an object of ours. */
const COMPUTED = ['algorithms', 'validate', 'http.timeoutMs', 'http.headers', 'scopeImplies', 'clientNames'];

describe('the tables of options in docs/reference/options.md and docs/operations/caching.md', () => {
  const rows = rowsBelow(undefined, OPTIONS);
  const options = describeOptions();
  const resolved = resolveOptions({ issuer: 'https://id.example.com', audience: 'x' }, {});
  const [issuer] = resolved.issuers;

  it('has each option once, and nothing else', () => {
    const names = rows.map(([name]) => unquote(name));
    expect(names.toSorted()).toEqual([...options.map(({ name }) => name), 'isGlobal'].toSorted());
  });

  it.each(options)(
    'says of $name what editors say: its unit and its default',
    ({ name, row, meaning, byDefault }) => {
      const unit = name.endsWith('Ms') ? 'milliseconds' : name.endsWith('Bytes') ? 'bytes' : undefined;
      expect(row.unit).toBe(unit);
      expect(meaning).toMatch(new RegExp(`^[A-Z\`][^]*${unit === undefined ? '' : `\\bin ${unit}\\b`}`));
      const isLiteral = byDefault !== undefined && /^[\d'[]|^(true|false)\b/.test(byDefault);
      if (isLiteral) expect(row.default).toEqual(literalOf(name, byDefault.replace(/;.*/s, '')));
      else if (row.default !== undefined) expect(COMPUTED).toContain(name);
    },
  );

  const described = rowsBelow('How long a document is fresh', CACHING);

  it('is what docs/operations/caching.md gives reasons for', () => {
    expect(described.length).toBeGreaterThan(15);
  });

  it.each([...rows, ...described].filter(([, value]) => value?.startsWith('`')))(
    'has the default of %s: %s',
    (name, value) => {
      const expected = literalOf(unquote(name), value ?? '');
      const path = unquote(name).split('.');
      if (path[0] === 'isGlobal') return;
      let actual: unknown = { ...issuer, ...resolved };
      for (const step of path) actual = Reflect.get(actual as object, step);
      expect(actual).toEqual(expected);
    },
  );
});

describe('docs/reference/errors.md', () => {
  const codes = Object.entries(ERROR_CODES);

  it('has a row for each code with its status, and a link to its section', () => {
    const rows = ERRORS.split('\n').flatMap(
      (line) => /^\| \[`(\w+)`\]\(#(\w+)\) \| (\d+) \|/.exec(line)?.slice(1, 4) ?? [],
    );
    expect(rows.length).toBe(codes.length * 3);
    const expected = codes.map(([code, { status }]) => `${code} ${code} ${String(status)}`);
    const found = codes.map((_, at) => rows.slice(at * 3, at * 3 + 3).join(' '));
    expect(found.toSorted()).toEqual(expected.toSorted());
  });

  it('has no section of another code', () => {
    const headings = [...ERRORS.matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading);
    expect(headings.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  });

  it.each(codes)('has a section for %s: status, challenge, cause and fix', (code, { status, challenge }) => {
    const section = ERRORS.split(/^(?=##)/m).find((text) => text.startsWith(`### ${code}\n`)) ?? '';
    const start =
      challenge === undefined
        ? `HTTP ${String(status)}. `
        : `HTTP ${String(status)}, challenge \`${challenge}\`. `;
    expect(section.slice(code.length + 6)).toMatch(
      new RegExp(`^${start}[A-Z\`].+\\.\n\n\\*\\*Fix:\\*\\* [A-Z\`].+\\.`),
    );
  });
});

describe('the tables of README.md', () => {
  it('has options and defaults of the reference', () => {
    const reference = new Map(rowsBelow(undefined, OPTIONS).map(([name = '', value = '']) => [name, value]));
    const rows = rowsBelow('Configuration, and who is calling', README).filter(([, value]) =>
      value?.startsWith('`'),
    );
    expect(rows.length).toBeGreaterThan(2);
    for (const [name = '', value] of rows) expect([name, value]).toEqual([name, reference.get(name)]);
  });

  it('has codes with their status', () => {
    const rows = rowsBelow('Something is wrong', README);
    expect(rows.length).toBeGreaterThan(3);
    for (const [codes = '', status] of rows) {
      for (const code of codes.split(', ')) {
        expect([code, status]).toEqual([code, String(ERROR_CODES[unquote(code) as ErrorCode].status)]);
      }
    }
  });

  it('is short enough for a front page', () => {
    expect(Buffer.byteLength(README)).toBeLessThanOrEqual(12 * 1024);
  });
});

describe.each([
  ['README.md', 'Protecting routes'],
  ['docs/guides/protect-routes.md', 'Decorators'],
])('the table of decorators in %s', (document, heading) => {
  it('names what is exported', () => {
    const named = rowsBelow(heading, read(document)).flatMap(([cell]) =>
      [...(cell ?? '').matchAll(/@([A-Z]\w+)/g)].map(([, name]) => name ?? ''),
    );
    const ours = new Set(named.filter((name) => name !== 'UseGuards'));
    expect(ours.size).toBeGreaterThan(7);
    for (const name of ours) expect(Reflect.get(api, name)).toBeTypeOf('function');
  });
});
