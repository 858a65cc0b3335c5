import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

interface Block {
  /** The document and the line of the block's first line of code. */
  readonly document: string;
  readonly line: number;
  readonly code: string;
  readonly prelude: string | undefined;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FENCE = /^(\s*)(`{3,}|~{3,})\s*(\S*)/;
const DIRECTIVE = /^\s*<!--\s*compile:\s*(.*?)\s*-->\s*$/;

/** README.md and docs/*.md, those that are there, by name. */
export function readDocuments(): Map<string, string> {
  const docs = path.join(ROOT, 'docs');
  const names = existsSync(docs) ? readdirSync(docs).filter((name) => name.endsWith('.md')) : [];
  const files = ['README.md', ...names.toSorted().map((name) => `docs/${name}`)];
  return new Map(
    files
      .filter((file) => existsSync(path.join(ROOT, file)))
      .map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]),
  );
}

/**
 * Each block of `ts` as a module of its own. `<!-- compile: prelude=name -->` on the line before the fence
 * puts test/docs/preludes/name.ts in front of it.
 */
export function extractBlocks(document: string, markdown: string): Block[] {
  const lines = markdown.split(/\r?\n/);
  const blocks: Block[] = [];
  let directive: string | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const [, indent = '', fence, language = ''] = FENCE.exec(line) ?? [];
    if (fence === undefined) {
      // An empty line between the directive and its block is what prettier makes of it.
      if (line.trim() !== '') directive = DIRECTIVE.exec(line)?.[1];
      continue;
    }
    const start = at + 1;
    do at++;
    while (at < lines.length && lines[at]?.trim() !== fence);
    if (at === lines.length) throw new Error(`${document}:${start}: the code block has no end`);
    if (language === 'ts' || language === 'typescript') {
      const code = lines.slice(start, at).map((text) => text.slice(indent.length));
      blocks.push({
        document,
        line: start + 1,
        code: code.join('\n'),
        prelude: directive === undefined ? undefined : readPreludeName(document, start, directive),
      });
    }
    directive = undefined;
  }
  return blocks;
}

function readPreludeName(document: string, line: number, directive: string): string {
  const name = /^prelude=([a-z0-9-]+)$/.exec(directive)?.[1];
  if (name === undefined) throw new Error(`${document}:${line}: "compile: ${directive}" is not understood`);
  return name;
}

/** One line for each compile error in the blocks of these documents, by name. One Program for all of them. */
export function compileDocuments(documents: ReadonlyMap<string, string>): string[] {
  const blocks = [...documents].flatMap(([document, markdown]) => extractBlocks(document, markdown));
  const options = readCompilerOptions();
  const sources = new Map<string, { block: Block; text: string; shift: number }>();
  for (const [index, block] of blocks.entries()) {
    const before = block.prelude === undefined ? '' : readPrelude(block.prelude);
    sources.set(path.posix.join(ROOT.replaceAll(path.sep, '/'), 'test/docs', `block-${index}.ts`), {
      block,
      text: before + block.code,
      // From a line of the virtual file, counted from 0, to the line of the document.
      shift: block.line - (before.split('\n').length - 1),
    });
  }

  const host = ts.createCompilerHost(options);
  host.fileExists = (file) => sources.has(file) || ts.sys.fileExists(file);
  host.readFile = (file) => sources.get(file)?.text ?? ts.sys.readFile(file);
  const program = ts.createProgram([...sources.keys()], options, host);

  const faults = program.getOptionsDiagnostics().map((fault) => messageOf(fault));
  for (const [file, { block, shift }] of sources) {
    const source = program.getSourceFile(file);
    if (source === undefined) throw new Error(`${file} is not in the program`);
    for (const fault of [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]) {
      const { line } = source.getLineAndCharacterOfPosition(fault.start ?? 0);
      faults.push(`${block.document}:${line + shift}: ${messageOf(fault)}`);
    }
  }
  return faults;
}

function messageOf({ code, messageText }: ts.Diagnostic): string {
  return `TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}

function readPrelude(name: string): string {
  return `${readFileSync(path.join(ROOT, 'test/docs/preludes', `${name}.ts`), 'utf8').trimEnd()}\n`;
}

/** The strictest that a reader may have set: those of this project. */
function readCompilerOptions(): ts.CompilerOptions {
  const file = path.join(ROOT, 'tsconfig.json');
  const { config } = ts.readConfigFile(file, (name) => ts.sys.readFile(name)) as {
    config: { include: string[] };
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  return { ...options, moduleDetection: ts.ModuleDetectionKind.Force };
}
