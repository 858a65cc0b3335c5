import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

// For `npm run mutation`: the specs that a changed decision should turn red, in seconds. Each of them may run for each
// mutant, so those of outages, of transports and of processes are left out.
const { projects: _, ...test } = base.test ?? {};
const BEHAVIOUR = [
  'answers',
  'denials',
  'explain',
  'guard',
  'guard.composition',
  'guard.credentials',
  'guard.decisions',
  'hostile-keys',
  'roles',
  'secret-or-key-provider',
  'tenants',
  'token-cache',
  'verification-batcher',
  'validation',
  'waiting',
  'wiring-faults',
];

export default defineConfig({
  ...base,
  test: {
    ...test,
    include: ['lib/**/*.spec.ts', ...BEHAVIOUR.map((name) => `test/${name}.spec.ts`)],
    // A mutant in what a module does once, when it is loaded, wants it loaded anew.
    isolate: true,
  },
});
