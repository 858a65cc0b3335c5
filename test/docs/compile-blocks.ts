import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

interface Block {
  /** The document and the line of the block's first line of code. */
  readonly document: string;
  readonly line: number;
  readonly code: string;
  readonly prelude: string | undefined;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPILER = path.join(ROOT, 'node_modules/@typescript/native/bin/tsc');
const FENCE = /^(\s*)(`{3,}|~{3,})\s*(\S*)/;
const DIRECTIVE = /^\s*<!--\s*compile:\s*(.*?)\s*-->\s*$/;

/** README.md and the pages below docs/ that readers of the package get, those that are there, by name. */
export function readDocuments(): Map<string, string> {
  const docs = path.join(ROOT, 'docs');
  const names = existsSync(docs) ? readdirSync(docs, { recursive: true, encoding: 'utf8' }) : [];
  const pages = names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.md') && !name.startsWith('decisions/'));
  const files = ['README.md', ...pages.toSorted().map((name) => `docs/${name}`)];
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

/**
 * One line for each compile error in the blocks of these documents, by name, under the strictest options that a reader
 * may have set: those of this project. One run of the compiler for all of them, and a second one without the blocks
 * that have no valid syntax, because those keep it from looking at the others.
 */
export function compileDocuments(documents: ReadonlyMap<string, string>): string[] {
  const blocks = [...documents].flatMap(([document, markdown]) => extractBlocks(document, markdown));
  const sources = blocks.map((block, index) => readSource(block, `block-${String(index)}.ts`));
  const faults = compile(sources);
  const broken = new Set(faults.filter(({ code }) => isSyntactic(code)).map(({ source }) => source));
  if (broken.size > 0) faults.push(...compile(sources.filter((source) => !broken.has(source))));
  const lines = sources.flatMap((source) =>
    faults.filter((fault) => fault.source === source).map((fault) => lineOf(fault)),
  );
  return [...new Set(lines)];
}

/** A block as a file. */
interface Source {
  readonly name: string;
  readonly block: Block;
  readonly text: string;
  /** From a line of the file to the line of the document. */
  readonly shift: number;
}

interface Fault {
  readonly source: Source;
  readonly line: number;
  readonly code: number;
  readonly message: string;
}

function readSource(block: Block, name: string): Source {
  const before = block.prelude === undefined ? '' : readPrelude(block.prelude);
  return { name, block, text: before + block.code, shift: block.line - before.split('\n').length };
}

function readPrelude(name: string): string {
  return `${readFileSync(path.join(ROOT, 'test/docs/preludes', `${name}.ts`), 'utf8').trimEnd()}\n`;
}

/**
 * A folder that finds what the project has installed and the package as it is built, and goes when it has been compiled. Of
 * the sources the compiler would accept an inferred type that no entry of the package exports (TS2883).
 */
function compile(sources: readonly Source[]): Fault[] {
  if (sources.length === 0) return [];
  const above = realpathSync(mkdtempSync(path.join(tmpdir(), 'compile-blocks-')));
  const folder = path.join(above, 'application');
  try {
    const installed = path.join(folder, 'node_modules/nestjs-identity-model');
    mkdirSync(installed, { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(above, 'node_modules'), 'junction');
    symlinkSync(path.join(ROOT, 'dist'), path.join(installed, 'dist'), 'junction');
    copyFileSync(path.join(ROOT, 'package.json'), path.join(installed, 'package.json'));
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    for (const { name, text } of sources) writeFileSync(path.join(folder, name), text);
    const config = {
      extends: path.join(ROOT, 'tsconfig.json'),
      compilerOptions: { moduleDetection: 'force', declaration: true, paths: {}, preserveSymlinks: true },
      include: ['*.ts'],
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
    return readFaults(runCompiler(folder), sources);
  } finally {
    rmSync(above, { recursive: true });
  }
}

function runCompiler(folder: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMPILER, '--pretty', 'false', '-p', '.'], {
    cwd: folder,
    encoding: 'utf8',
  });
  // A compiler that did not run must not pass for one that found nothing.
  if (status === 0 || /: error TS/.test(stdout)) return stdout;
  throw new Error(`the compiler ended with status ${String(status)}: ${stdout}${stderr}`);
}

/** Faults of the blocks alone: those of lib/ are told by `npm run typecheck`. */
function readFaults(output: string, sources: readonly Source[]): Fault[] {
  const global = /^error TS.*/m.exec(output);
  if (global !== null) throw new Error(`the blocks were not compiled: ${global[0]}`);
  // Further lines of a message are indented.
  const found = output.matchAll(/^(\S+?)\((\d+),\d+\): error TS(\d+): (.*(?:\n .*)*)/gm);
  return [...found].flatMap(([, file, line, code, message = '']) => {
    const source = sources.find(({ name }) => name === file);
    return source === undefined ? [] : [{ source, line: Number(line), code: Number(code), message }];
  });
}

const isSyntactic = (code: number): boolean => code < 2000;

function lineOf({ source: { block, shift }, line, code, message }: Fault): string {
  return `${block.document}:${line + shift}: TS${code} ${message}`;
}
