import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

const { projects: _, ...test } = base.test ?? {};

// For `npm run mutation`, which names the specs that judge the files of an area.
export default defineConfig({
  ...base,
  test: {
    ...test,
    include: (process.env['MUTATION_SPECS'] ?? 'lib/**/*.spec.ts').split(','),
    setupFiles: [test.setupFiles ?? [], 'test/support/mutation-setup.ts'].flat(),
  },
});
