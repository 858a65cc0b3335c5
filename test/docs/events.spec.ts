import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Each event of lib/events/identity-event.ts with its members, as the table has them. */
function declaredEvents(): string[] {
  const file = ts.createSourceFile('e.ts', read('lib/events/identity-event.ts'), ts.ScriptTarget.ESNext);
  return file.statements.filter(ts.isInterfaceDeclaration).flatMap(({ members }) => {
    const names = members.map(({ name }) => (name as ts.Identifier).text);
    const type = members.filter(ts.isPropertySignature)[names.indexOf('type')]?.type;
    const literals = type === undefined ? [] : ts.isUnionTypeNode(type) ? [...type.types] : [type];
    return literals
      .filter(ts.isLiteralTypeNode)
      .map(({ literal }) => [(literal as ts.StringLiteral).text, ...names.slice(1)].join(' '));
  });
}

it('docs/reference/events.md has each event with its members, and no other', () => {
  const rows = read('docs/reference/events.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | '))
    .map(([name = '', , members = '']) =>
      [...`${name}${members}`.matchAll(/`([^`]+)`/g)].map(([, word]) => word).join(' '),
    );
  expect(rows.toSorted()).toEqual(declaredEvents().toSorted());
  expect(rows.length).toBeGreaterThan(15);
});
