// The application with all packages in one file, as an ES module and as CommonJS.
import { build } from 'esbuild';

/** NestJS loads them only if they are installed. */
const external = [
  '@nestjs/microservices',
  '@nestjs/websockets/socket-module.js',
  'class-transformer',
  'class-validator',
];
const common = { entryPoints: ['src/main.ts'], bundle: true, platform: 'node', logLevel: 'error', external };

await build({
  ...common,
  format: 'esm',
  outfile: 'out/main.mjs',
  // What esbuild's documentation tells to do for CommonJS packages in an ES module.
  banner: {
    js: "import { createRequire as load } from 'node:module'; const require = load(import.meta.url);",
  },
});
await build({
  ...common,
  format: 'cjs',
  outfile: 'out/main.cjs',
  // Terminus cannot be loaded otherwise.
  define: { 'import.meta.url': 'place' },
  banner: { js: "const place = require('node:url').pathToFileURL(__filename).href;" },
});
