import { describe, expect, it } from 'vitest';
import { nestLine } from '../support/nest-line.js';
import { compileDocuments, extractBlocks, readDocuments } from './compile-blocks.js';

/** Markdown with one block from line 3 on. */
const markdown = (code: string, fence = '```'): string => `Text.\n${fence}ts\n${code}\n${fence}\n`;
const compile = (text: string): string[] => compileDocuments(new Map([['made-up.md', text]]));

describe('the code in README.md and docs/', () => {
  it('compiles against the library', { timeout: 60_000 }, () => {
    // What docs/guides/microservices.md shows of TCP is from NestJS 12 on, and says so.
    const onlyOn12 = [
      expect.stringMatching(
        /^docs\/guides\/microservices\.md:\d+: TS2339 Property 'setOnDispatchHook' does not exist/,
      ),
      expect.stringMatching(/^docs\/guides\/microservices\.md:\d+: TS7006 Parameter 'packet'/),
    ];
    expect(compileDocuments(readDocuments())).toEqual(nestLine.packetMetadata ? [] : onlyOn12);
  });
});

describe('compileDocuments', { timeout: 60_000 }, () => {
  it('accepts what compiles, each block as a module of its own', () => {
    const source = `import { Injectable } from '@nestjs/common';\n@Injectable()\nexport class A {}\nconst a = 1;`;
    expect(compile(markdown(source) + markdown(source))).toEqual([]);
  });

  it('refuses what does not compile, and says where', () => {
    const faults = compile(
      [
        markdown('const first: number = 1;\nconst wrong: number = "text";'),
        markdown(`import { NoSuchName } from 'nestjs-identity-model';`),
        markdown('const = ;'),
        markdown('await undeclared();'),
      ].join(''),
    );
    expect(faults).toEqual([
      `made-up.md:4: TS2322 Type 'string' is not assignable to type 'number'.`,
      expect.stringMatching(/^made-up\.md:8: TS2305 .* has no exported member 'NoSuchName'\.$/),
      expect.stringMatching(/^made-up\.md:12: TS1134 /),
      expect.stringMatching(/^made-up\.md:16: TS2304 /),
    ]);
  });

  it('refuses what has no declaration', () => {
    expect(compile(markdown('export const hidden = class {\n  private readonly secret = 1;\n};'))).toEqual([
      expect.stringMatching(/^made-up\.md:3: TS4094 /),
    ]);
  });

  it('puts a prelude in front of one block, and only that one', () => {
    const block = markdown('const token: string = await readToken();');
    const withPrelude = block.replace('```ts', '<!-- compile: prelude=token -->\n\n```ts');
    expect(compile(withPrelude + block)).toEqual([`made-up.md:9: TS2304 Cannot find name 'readToken'.`]);
    expect(compile(withPrelude.replace(': string', ': number'))).toEqual([
      `made-up.md:5: TS2322 Type 'string' is not assignable to type 'number'.`,
    ]);
  });

  it('refuses a prelude that is not there, and a directive it does not know', () => {
    const block = markdown('const a = 1;');
    expect(() => compile(block.replace('```ts', '<!-- compile: prelude=none -->\n```ts'))).toThrow('ENOENT');
    expect(() => compile(block.replace('```ts', '<!-- compile: skip -->\n```ts'))).toThrow(
      'made-up.md:3: "compile: skip" is not understood',
    );
  });
});

describe('extractBlocks', () => {
  it('takes ts and typescript, indented ones too, and leaves other languages', () => {
    const text =
      '```bash\nnpm ci\n```\n- item\n\n  ```typescript\n  a\n    b\n  ```\n```json\n{}\n```\n```tsx\n```\n';
    expect(extractBlocks('d.md', text)).toEqual([
      { document: 'd.md', line: 7, code: 'a\n  b', prelude: undefined },
    ]);
  });

  it('does not look inside longer fences', () => {
    expect(extractBlocks('d.md', '````md\n```ts\na\n```\n````\n')).toEqual([]);
  });

  it('refuses a block without an end', () => {
    expect(() => extractBlocks('d.md', 'Text.\n```ts\nconst a = 1;\n')).toThrow(
      'd.md:2: the code block has no end',
    );
  });
});
