import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const lib = fileURLToPath(new URL('./lib', import.meta.url));

/** Brokers have to be installed for these. */
const TRANSPORTS = ['test/transports*.spec.ts'];
/** Chromium has to be installed for these. */
const BROWSER = ['test/**/*.browser.spec.ts'];
/** The documents, which are compiled and checked by promtool, and the scripts. */
const DOCS = ['test/docs/**/*.spec.ts', 'test/tooling/**/*.spec.ts'];

const project = (
  name: string,
  test: NonNullable<TestProjectInlineConfiguration['test']>,
): TestProjectInlineConfiguration => ({ extends: true, test: { name, ...test } });

export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: {
    alias: [
      { find: /^nestjs-identity-model$/, replacement: `${lib}/index.ts` },
      { find: /^nestjs-identity-model\/([a-z]+)$/, replacement: `${lib}/$1/index.ts` },
    ],
  },
  test: {
    setupFiles: ['test/support/setup.ts'],
    pool: 'threads',
    // Vitest leaves a processor to itself otherwise, which is every second one where there are two.
    maxWorkers: availableParallelism(),
    testTimeout: 30_000,
    hookTimeout: 20_000,
    // A second, the default, is not long on a busy machine; who is quicker does not wait for it.
    expect: { poll: { timeout: 5_000 } },
    restoreMocks: true,
    // No isolation: a process loads NestJS once and not for each file. A spec ends what it starts, and leaves no
    // global changed.
    isolate: false,
    projects: [
      project('unit', { include: ['lib/**/*.spec.ts'] }),
      // What no other project takes.
      project('integration', {
        include: ['test/**/*.spec.ts'],
        // Projects of their own: scripts/check-consumers.mjs, scripts/check-installs.mjs.
        exclude: [
          ...configDefaults.exclude,
          'test/{consumers,installs}/**',
          ...TRANSPORTS,
          ...BROWSER,
          ...DOCS,
        ],
      }),
      project('transports', { include: TRANSPORTS }),
      project('docs', { include: DOCS }),
      project('browser', { include: BROWSER }),
    ],
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts'],
      exclude: ['lib/**/*.spec.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
