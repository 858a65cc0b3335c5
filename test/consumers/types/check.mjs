// Compiles app.ts as applications do: each TypeScript, each `module` with its moduleResolution, as CommonJS and as an ES module, with
// the declarations of all packages checked.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PACKAGES = '../node_modules';
const manifest = (name) => JSON.parse(readFileSync(path.join(PACKAGES, name, 'package.json'), 'utf8'));
const nest = Number.parseInt(manifest('@nestjs/common').version, 10);
/** The lowest one that Nest's template installs, and the last of 5. */
const compilers = ['typescript-5.7', 'typescript-5.9'];

const OWN = JSON.parse(readFileSync('package.json', 'utf8'));
const COMMON = {
  target: 'es2022',
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  types: ['node'],
};
const MODES = [
  { module: 'commonjs', moduleResolution: 'node10', type: 'commonjs' },
  { module: 'node16', moduleResolution: 'node16', type: 'commonjs' },
  { module: 'nodenext', moduleResolution: 'nodenext', type: 'commonjs' },
  { module: 'nodenext', moduleResolution: 'nodenext', type: 'module' },
  { module: 'esnext', moduleResolution: 'bundler', type: 'module' },
];
/** Nest 12 is ES modules: TypeScript takes them from CommonJS from 5.8 on, with nodenext. */
const isPossible = (compiler, { module, type }) =>
  nest === 11 || type === 'module' || (module === 'nodenext' && compiler !== 'typescript-5.7');

let failed = 0;
for (const compiler of compilers) {
  for (const mode of MODES) {
    const { type, ...options } = mode;
    if (!isPossible(compiler, mode)) continue;
    const name = `${compiler} ${options.module} ${type}`;
    writeFileSync('package.json', `${JSON.stringify({ ...OWN, type }, null, 2)}\n`);
    writeFileSync(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { ...COMMON, ...options }, files: ['app.ts'] }),
    );
    try {
      execFileSync(process.execPath, [path.join(PACKAGES, compiler, 'bin/tsc'), '-p', '.'], {
        encoding: 'utf8',
      });
      console.log(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}\n${error.stdout}`);
    }
  }
}
process.exitCode = failed === 0 ? 0 : 1;
