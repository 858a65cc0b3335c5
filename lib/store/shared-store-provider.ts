import type { FactoryProvider } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { EventReporter } from '../events/event-reporter.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { SharedStore } from './shared-store.js';

/** Injection token of the {@link SharedStore}; null if the option `store` is not given. */
export const SHARED_STORE = Symbol('nestjs-identity-model: shared store');

/** One for the module: all that replicas share is of one store, which fails as a whole. */
export const sharedStoreProvider: FactoryProvider<SharedStore | null> = {
  provide: SHARED_STORE,
  inject: [RESOLVED_OPTIONS, CLOCK, EventReporter, MetricsRegistry],
  useFactory: (
    { store }: ResolvedOptions,
    clock: Clock,
    reporter: EventReporter,
    registry: MetricsRegistry,
  ) => {
    if (store === undefined) return null;
    const shared = new SharedStore(store, clock, reporter);
    registry.store = shared;
    return shared;
  },
};
