import { statSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import base from './vitest.config.js';

const { projects: _, ...test } = base.test ?? {};

/** The first failure ends a run, so the small files come first: Vitest would begin with what takes longest. */
class SmallFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sizeOf = ({ moduleId }: TestSpecification): number => statSync(moduleId).size;
    return files.toSorted((a, b) => sizeOf(a) - sizeOf(b));
  }
}

// For `npm run mutation`, which names the specs that judge the files of an area.
export default defineConfig({
  ...base,
  test: {
    ...test,
    include: (process.env['MUTATION_SPECS'] ?? 'lib/**/*.spec.ts').split(','),
    setupFiles: [test.setupFiles ?? [], 'test/support/mutation-setup.ts'].flat(),
    sequence: { sequencer: SmallFirst },
  },
});
