import { inject } from 'vitest';

declare module 'vitest' {
  /** What Stryker's runner provides. */
  interface ProvidedContext {
    readonly globalNamespace?: string;
    readonly mutantActivation?: 'static' | 'runtime';
  }
}

const state: unknown = Reflect.get(globalThis, inject('globalNamespace') ?? '');

// The worker stays for many mutants: while a file of tests loads, the mutant before must not be active any more.
if (typeof state === 'object' && state !== null && inject('mutantActivation') !== 'static') {
  Reflect.set(state, 'activeMutant', undefined);
}
