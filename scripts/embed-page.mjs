// Puts the files of the dashboard's page into the build as text, so that it has no files that a bundler leaves behind.
// Usage, after the compiler: node scripts/embed-page.mjs
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const MODULE = path.resolve('dist/dashboard/page-files.js');
const CLIENT = 'dist/dashboard/client';

// What the compiler made of lib/dashboard/page-files.ts reads the files from there.
cpSync('lib/dashboard/client', CLIENT, { recursive: true });
const { PAGE_FILES } = /** @type {typeof import('../lib/dashboard/page-files.js')} */ (
  await import(pathToFileURL(MODULE).href)
);
rmSync(CLIENT, { recursive: true });

const licence = readFileSync('node_modules/uplot/LICENSE', 'utf8').trim();
if (!licence.includes('Copyright')) throw new Error('the licence of uPlot is not what it was');
// Bundlers keep comments that begin so.
writeFileSync(
  MODULE,
  `/*! uPlot, in "uplot.js" and "uplot.css":\n\n${licence}\n*/\nexport const PAGE_FILES = ${JSON.stringify(PAGE_FILES, null, 2)};\n`,
);
