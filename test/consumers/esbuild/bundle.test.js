import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { build } from 'esbuild';

/** Loaded by Nest only where they are installed. */
const OPTIONAL = ['@nestjs/microservices', '@nestjs/websockets', 'class-validator', 'class-transformer'];

const FORMS = {
  esm: {
    outfile: 'out/app.mjs',
    // What esbuild's documentation tells to do for CommonJS packages in an ES module.
    banner: {
      js: "import { createRequire as load } from 'node:module'; const require = load(import.meta.url);",
    },
  },
  cjs: {
    outfile: 'out/app.cjs',
    // Terminus cannot be loaded otherwise.
    define: { 'import.meta.url': 'place' },
    banner: { js: "const place = require('node:url').pathToFileURL(__filename).href;" },
  },
};

async function outputOf(format, options) {
  const { outfile } = FORMS[format];
  const common = { entryPoints: ['app.js'], bundle: true, platform: 'node', logLevel: 'error' };
  await build({ ...common, format, ...FORMS[format], ...options });
  return execFileSync(process.execPath, [outfile], { encoding: 'utf8' }).trim();
}

for (const format of ['esm', 'cjs']) {
  test(`bundled as ${format}, the dashboard has all its files`, async () => {
    assert.equal(await outputOf(format, { external: OPTIONAL }), '[200,200]');
  });

  test(`bundled as ${format} with packages left out, too`, async () => {
    assert.equal(await outputOf(format, { packages: 'external' }), '[200,200]');
  });
}
