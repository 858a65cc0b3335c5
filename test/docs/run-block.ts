import { compileFunction } from 'node:vm';
import * as common from '@nestjs/common';
import ts from 'typescript';
import * as library from 'nestjs-identity-model';
import { extractBlocks, readDocuments } from './compile-blocks.js';

type Modules = Readonly<Record<string, object>>;

/** What blocks of the documents may import. Each test adds what it needs besides. */
const MODULES: Modules = { '@nestjs/common': common, 'nestjs-identity-model': library };

/** The blocks of one section of a document, in their order: all between its heading and the next one. */
export function blocksBelow(document: string, heading: string): string[] {
  const text = readDocuments().get(document) ?? '';
  const sections = text.split(/^(?=##+ )/m).filter((section) => section.startsWith('#'));
  const section = sections.find((each) => each.replace(/^#+ /, '').startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${document} has no heading "${heading}"`);
  return extractBlocks(document, section).map(({ code }) => code);
}

/** Headings of a document, of one level. */
export function headingsOf(document: string, level: number): string[] {
  const lines = (readDocuments().get(document) ?? '').split('\n');
  return lines
    .filter((line) => line.startsWith(`${'#'.repeat(level)} `))
    .map((line) => line.slice(level + 1));
}

/** Runs a block as the module it is, and hands over what it exports. */
export function runBlock(code: string, modules: Modules = {}): Record<string, unknown> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2023,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      esModuleInterop: true,
    },
  });
  const known: Modules = { ...MODULES, ...modules };
  const load = (name: string): object => {
    const found = known[name];
    if (found === undefined) throw new Error(`the test does not know the module "${name}"`);
    return found;
  };
  const exported: Record<string, unknown> = {};
  const run = compileFunction(outputText, ['exports', 'require']) as (
    exports: object,
    require: unknown,
  ) => void;
  run(exported, load);
  return exported;
}
