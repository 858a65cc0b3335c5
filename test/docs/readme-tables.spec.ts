import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from 'nestjs-identity-model';
import * as api from 'nestjs-identity-model';
import { resolveOptions } from '../../lib/options/resolve-options.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const README = read('README.md');
const CACHING = read('docs/caching.md');

/** The cells of all table rows below a heading, to the next one. */
function rowsBelow(heading: string, document = README): string[][] {
  const section = document.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return section
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

/** Members of the option interfaces, as `http.timeoutMs`. */
function optionNames(): string[] {
  const file = ts.createSourceFile('o.ts', read('lib/options/options.types.ts'), ts.ScriptTarget.ESNext);
  const interfaces = new Map(
    file.statements.filter(ts.isInterfaceDeclaration).map((each) => [each.name.text, each]),
  );
  const membersOf = (name: string): [string, string][] => {
    const declaration = interfaces.get(name);
    if (declaration === undefined) return [];
    const inherited = (declaration.heritageClauses ?? []).flatMap(({ types }) =>
      types.flatMap(({ expression }) => membersOf((expression as ts.Identifier).text)),
    );
    const own = declaration.members
      .filter(ts.isPropertySignature)
      .map((member): [string, string] => [
        (member.name as ts.Identifier).text,
        member.type?.getText(file).split(' ')[0] ?? '',
      ]);
    return [...inherited, ...own];
  };
  return membersOf('IdentityModuleOptions').flatMap(([name, type]) => {
    const nested = membersOf(type);
    return nested.length === 0 ? [name] : nested.map(([inner]) => `${name}.${inner}`);
  });
}

describe('the tables of options in README.md and docs/caching.md', () => {
  const rows = rowsBelow('Options');
  const resolved = resolveOptions({ issuer: 'https://id.example.com', audience: 'x' }, {});
  const [issuer] = resolved.issuers;

  it('has each option once, and nothing else', () => {
    const names = rows.map(([name]) => unquote(name));
    expect(names.toSorted()).toEqual([...optionNames(), 'isGlobal'].toSorted());
  });

  const described = rowsBelow('How long a document is fresh', CACHING);

  it('is what docs/caching.md gives reasons for', () => {
    expect(described.length).toBeGreaterThan(15);
  });

  it.each([...rows, ...described].filter(([, value]) => value?.startsWith('`')))(
    'has the default of %s: %s',
    (name, value) => {
      const expected: unknown = JSON.parse(unquote(value).replaceAll("'", '"'));
      const path = unquote(name).split('.');
      if (path[0] === 'isGlobal' || path[0] === 'senderConstrained') return;
      let actual: unknown = { ...issuer, ...resolved };
      for (const step of path) actual = Reflect.get(actual as object, step);
      const lower = (item: unknown): unknown => (Array.isArray(item) ? item.map(lowerOne) : item);
      const lowerOne = (item: unknown): unknown =>
        path[0] === 'tokenTypes' && typeof item === 'string' ? item.toLowerCase() : item;
      expect(actual).toEqual(lower(expected));
    },
  );
});

describe('the table of errors in README.md', () => {
  it('has each code once, with its status', () => {
    const rows = rowsBelow('Errors').map(([code, status]) => `${unquote(code)} ${status ?? ''}`);
    const codes = Object.entries(ERROR_CODES).map(([code, { status }]) => `${code} ${String(status)}`);
    expect(rows.toSorted()).toEqual(codes.toSorted());
  });
});

describe('the table of decorators in README.md', () => {
  it('names what is exported', () => {
    const named = rowsBelow('Protecting routes').flatMap(([cell]) =>
      [...(cell ?? '').matchAll(/@([A-Z]\w+)/g)].map(([, name]) => name ?? ''),
    );
    const ours = new Set(named.filter((name) => name !== 'UseGuards'));
    expect(ours.size).toBeGreaterThan(7);
    for (const name of ours) expect(Reflect.get(api, name)).toBeTypeOf('function');
  });
});
