import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const lib = fileURLToPath(new URL('./lib', import.meta.url));

export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: {
    alias: [
      { find: /^nestjs-identity-model$/, replacement: `${lib}/index.ts` },
      { find: /^nestjs-identity-model\/([a-z]+)$/, replacement: `${lib}/$1/index.ts` },
    ],
  },
  test: {
    include: ['lib/**/*.spec.ts', 'test/**/*.spec.ts'],
    // Projects of their own: scripts/check-consumers.mjs.
    exclude: [...configDefaults.exclude, 'test/consumers/**'],
    setupFiles: ['reflect-metadata'],
    pool: 'threads',
    testTimeout: 10_000,
    hookTimeout: 20_000,
    restoreMocks: true,
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts'],
      exclude: ['lib/**/*.spec.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
