import { describe, expect, it } from 'vitest';
import { describeStructure, findCycles, measureFile } from '../../scripts/measure-structure.mjs';

const measure = (text: string) => measureFile('a/b.ts', text, new Set(['a/c.ts', 'd.ts']));

describe('measure-structure', () => {
  it('counts lines of comments alone, whatever they stand before', () => {
    const text = [
      '/** One.',
      ' * Two. */',
      'export const a = 1; // behind code',
      '',
      "const b = '// in a text'; /* begins behind code",
      ' goes on */',
      'const c = `',
      '// in a template`;',
      'const list = [',
      '  // within brackets',
      '];',
      '// at the end',
      '',
    ].join('\n');
    expect(measure(text)).toMatchObject({ lines: 12, commentLines: 5, codeLines: 6 });
  });

  it('counts any as a type, and not as a word', () => {
    expect(measure(`// any\nconst any = 'any'; let x: any; let y = x as any[];`).anys).toBe(2);
  });

  it('counts the parameters of constructors', () => {
    const text = `class A { constructor(readonly a: 1, b: 2, c?: 3) {} }\nclass B extends A {}`;
    expect(measure(text).classes.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['A', 3],
      ['B', 0],
    ]);
  });

  it('names functions by their owner, and measures them to their last line', () => {
    const text = `class A {\n  run(): void {\n  }\n}\nconst f = () =>\n  1;\nfunction g();\nfunction g() {}`;
    expect(measure(text).functions.map(({ name, lines }) => [name, lines])).toEqual([
      ['A.run', 2],
      ['f', 2],
      ['g', 1],
    ]);
  });

  it('follows imports of every form inside the tree', () => {
    const text = `import type { C } from './c.js'; export * from '../d.js'; import 'node:fs'; import './gone.js';`;
    expect(measure(text).imports).toEqual(['a/c.ts', 'd.ts']);
  });

  it('finds each circle once, with all its files', () => {
    const graph = { a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: ['d'], f: ['f'], g: ['a'] };
    expect(findCycles(new Map(Object.entries(graph)))).toEqual([['d', 'e'], ['a', 'b', 'c'], ['f']]);
  });

  it('leaves specs out, and prints one figure a line with what it is made of', () => {
    const parameters = ['a', 'b', 'c', 'd', 'e'].join(': 1, ');
    const text = describeStructure(
      new Map([
        ['wide.ts', `class Wide { constructor(${parameters}: 1) {} }\n`],
        ['long.ts', `import './wide.js';\n${'// x\n'.repeat(300)}`],
        ['long.spec.ts', 'let x: any;\n'.repeat(900)],
      ]),
    );
    expect(text.split('\n')).toEqual([
      'files: 2',
      'lines: 302',
      'median lines of a file: 151',
      'comment lines, of those with comment or code: 99.3 %',
      'any: 0',
      'files of more than 250 lines: 1',
      '  long.ts: 301',
      'classes with 5 constructor parameters or more: 1',
      '  Wide (wide.ts): 5',
      'import cycles, those of types included: 0',
      'lines of the longest function: 1',
      '  Wide.constructor (wide.ts): 1',
    ]);
  });
});
