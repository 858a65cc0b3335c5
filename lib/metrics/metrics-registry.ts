import type { CacheStats } from '../cache/cache-stats.js';
import type { ResourceUse } from './resource-use.js';
import { EndpointMetrics } from './endpoint-metrics.js';
import type { StoreMetrics } from './store-counts.js';

/** The counts of a cache that are exported. Each cache counts by itself, on its own hot path. */
export type CacheCounts = Pick<CacheStats, 'hits' | 'misses' | 'size' | 'maxSize'>;

/**
 * The names that metrics carry as labels `cache` and `endpoint`. Caches and endpoints register themselves, and everything
 * that exports metrics iterates over what is registered: a new cache or endpoint is known to no other file.
 *
 * @example
 * // In the constructor of a service that owns a cache and fetches its entries:
 * metrics.cache('introspection', () => this.stats());
 * metrics.endpoint('introspection');
 */
export class MetricsRegistry {
  private readonly caches = new Map<string, () => CacheCounts>();
  private resources: () => readonly ResourceUse[] = () => [];
  private readonly endpoints = new Map<string, EndpointMetrics>();
  /** The store that replicas share; undefined if there is none. It registers itself. */
  store: StoreMetrics | undefined;

  /**
   * Registers a cache for the label `cache`.
   *
   * @param name - a constant of the code, since each name is a time series.
   * @param read - called while metrics are read, never in between.
   * @throws {Error} the name is taken: the counts of two caches would overwrite each other.
   */
  cache(name: string, read: () => CacheCounts): void {
    if (this.caches.has(name)) throw new Error(`the metrics of a cache "${name}" are registered already`);
    this.caches.set(name, read);
  }

  /**
   * The metrics of requests to an endpoint of providers. Registered before the first request, so that dashboards and
   * alerts see that request as an increase from 0 and not as a new series.
   *
   * @param name - for the label `endpoint`; a constant of the code.
   */
  endpoint(name: string): EndpointMetrics {
    let metrics = this.endpoints.get(name);
    if (metrics === undefined) this.endpoints.set(name, (metrics = new EndpointMetrics()));
    return metrics;
  }

  /** Registers the protected resources for the label `resource`. @param read - called while metrics are read. */
  resourceUse(read: () => readonly ResourceUse[]): void {
    this.resources = read;
  }

  readResources(): readonly ResourceUse[] {
    return this.resources();
  }

  readCaches(): ReadonlyMap<string, CacheCounts> {
    return mapValues(this.caches, (read) => {
      const { hits, misses, size, maxSize } = read();
      return { hits, misses, size, maxSize };
    });
  }

  /** Live metrics, which grow while they are held. */
  allEndpoints(): ReadonlyMap<string, EndpointMetrics> {
    return this.endpoints;
  }
}

/** The same keys with other values. */
export function mapValues<V, W>(
  from: ReadonlyMap<string, V>,
  change: (value: V, name: string) => W,
): Map<string, W> {
  return new Map([...from].map(([name, value]) => [name, change(value, name)]));
}
