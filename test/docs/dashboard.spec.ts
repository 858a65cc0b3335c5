import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { resolveDashboardOptions, UNPROTECTED } from '../../lib/dashboard/dashboard-options.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const DOCUMENT = read('docs/operations/dashboard.md');

/** Name and default of each option. */
const rows = [
  ...(/^## Options\n([^]*?)^## /m.exec(DOCUMENT)?.[1] ?? '').matchAll(/^\| `(\w+)` +\| +(.*?) +\|/gm),
].map(([, name = '', value = '']) => [name, value] as const);

describe('docs/operations/dashboard.md', () => {
  it('has a row for each option, and nothing else', () => {
    const file = ts.createSourceFile(
      'o.ts',
      read('lib/dashboard/dashboard-options.ts'),
      ts.ScriptTarget.ESNext,
    );
    const options = file.statements
      .filter(ts.isInterfaceDeclaration)
      .find(({ name }) => name.text === 'IdentityDashboardOptions');
    const names = options?.members.map((member) => (member.name as ts.Identifier).text) ?? [];
    expect(rows.map(([name]) => name).toSorted()).toEqual(names.toSorted());
    expect(names.length).toBeGreaterThan(4);
  });

  it('has their defaults', () => {
    const resolved = resolveDashboardOptions({ requiredScopes: ['x'] });
    const told = rows.filter(([, value]) => value.startsWith('`'));
    expect(told.length).toBeGreaterThan(1);
    for (const [name, value] of told) {
      const expected: unknown = JSON.parse(value.replaceAll('`', '').replaceAll("'", '"'));
      expect([name, Reflect.get(resolved, name)]).toEqual([name, expected]);
    }
  });

  it('says the words that take the protection away', () => {
    expect(DOCUMENT).toContain(`dangerouslyUnprotected: '${UNPROTECTED}'`);
  });

  it('has a row for each question of the page', () => {
    const asked = [...read('lib/dashboard/client/overview.js').matchAll(/question: '([^']+)'/g)].map(
      ([, text]) => text,
    );
    expect(asked).toHaveLength(5);
    for (const question of asked) expect(DOCUMENT).toContain(`| ${String(question)}`);
  });

  it('calls the buttons what they are called', () => {
    const page = read('lib/dashboard/client/issuers.js') + read('lib/dashboard/client/index.html');
    for (const name of ['Refresh now', 'Replace keys', 'Explain']) {
      expect(DOCUMENT).toContain(`| ${name}`);
      expect(page).toContain(name);
    }
  });
});
