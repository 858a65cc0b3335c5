import type { KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { CacheStats } from '../cache/cache-stats.js';
import { CLOCK, type Clock } from '../cache/clock.js';
import { COLD, type EntryState } from '../cache/value-source.js';
import type { KeySet } from '../jwks/key-set.js';
import { createSecretOrKeyProvider, type SecretOrKeyProvider } from '../jwks/secret-or-key-provider.js';
import { keyObjectOf, type KeyQuery } from '../jwks/select-keys.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { isUnset } from '../model/json.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { refuseKey } from '../tokens/refuse-key.js';
import { IssuerRegistry } from './issuer-registry.js';

/** The verification keys of the issuers, cached. */
@Injectable()
export class JwksService {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerRegistry) private readonly registry: IssuerRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
  ) {
    metrics.cache('jwks', () => this.stats());
    metrics.endpoint('jwks');
  }

  /**
   * The usable keys of an issuer, from the cache if they may be served.
   *
   * @param issuer - a configured issuer, or a tenant; may be left out if only one is configured.
   * @throws {IdentityError} `keys_unavailable`, `keys_busy`, `issuer_unknown`, `issuer_ambiguous`.
   * @example
   * const { keys, skipped } = await jwks.get('https://id.example.com');
   */
  async get(issuer?: string): Promise<KeySet> {
    return (await this.registry.pick(issuer)).keySet.get();
  }

  /**
   * The key that a JOSE header names (RFC 7515 section 4.1.4); the first one if several fit. An
   * unknown `kid` waits for a refresh.
   *
   * @throws {IdentityError} `key_not_found`, `keys_unavailable`, `keys_busy`, `issuer_unknown`, `issuer_ambiguous`.
   * @example
   * const key = await jwks.findKey({ alg: 'RS256', kid: 'key-1' });
   * verify('sha256', signed, key, signature);
   */
  async findKey(header: KeyQuery, issuer?: string): Promise<KeyObject> {
    const { keys, options } = await this.registry.pick(issuer);
    const query = isUnset(header.kid) ? { alg: header.alg } : header;
    const known = keys.candidates(query);
    const { keyLookUps } = this.registry;
    if (known === undefined) keyLookUps.recordMiss();
    else keyLookUps.recordHit();
    const [first] = known ?? (await keys.waitForCandidates(query, { sinceMs: this.clock.monotonicMs() }));
    if (first === undefined) throw refuseKey('key_not_found', options);
    return keyObjectOf(first);
  }

  /**
   * Fetches the keys now.
   *
   * @throws {IdentityError} `keys_unavailable`, `keys_busy`; the last good set stays. `issuer_unknown`, `issuer_ambiguous`.
   */
  async refresh(issuer?: string): Promise<KeySet> {
    return (await this.registry.pick(issuer)).keySet.refresh();
  }

  /**
   * Fetches the keys now as if there were none, without asking whether they changed, and puts what comes in
   * the place of what is cached: former keys, and tokens that were verified under them, are dropped for good,
   * but not before a usable set is here. The careful form of {@link clear}.
   *
   * @throws {IdentityError} `keys_unavailable`, `keys_busy`; the last good set stays. `issuer_unknown`, `issuer_ambiguous`.
   * @example
   * await jwks.replace('https://id.example.com'); // a key of the provider has leaked
   */
  async replace(issuer?: string): Promise<KeySet> {
    return (await this.registry.pick(issuer)).keySet.replace();
  }

  /**
   * The keys that may be served now; undefined if there are none. Neither fetches nor counts.
   *
   * @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`.
   */
  cached(issuer?: string): KeySet | undefined {
    return this.registry.peekCached(issuer)?.keySet.peek();
  }

  /** Forgets the keys of one issuer, or of all, at once: the emergency withdrawal. The next look-up fetches. */
  clear(issuer?: string): void {
    for (const { keySet } of this.registry.cached(issuer)) keySet.cached.clear();
  }

  /**
   * For a strategy of passport-jwt that you keep: it finds the key of a token in this cache, for configured issuers
   * only, and waits for a refresh if it has to.
   *
   * It decides nothing but the key: `issuer`, `audience` and `algorithms` must be set in the strategy. An outage
   * of the provider is a 503, not a 401.
   *
   * @example
   * super({ secretOrKeyProvider: jwks.secretOrKeyProvider(), issuer, audience, algorithms: ['RS256'], … });
   */
  secretOrKeyProvider(): SecretOrKeyProvider {
    const { options, registry: issuers, clock } = this;
    return createSecretOrKeyProvider({ options, issuers, lookUps: issuers.keyLookUps, clock });
  }

  /** What the cache has done since the start, of all issuers together. */
  stats(): CacheStats {
    return this.registry.statsOf('jwks');
  }

  /** @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`. */
  state(issuer?: string): EntryState & { readonly keys: number } {
    const keySet = this.registry.peekCached(issuer)?.keySet;
    return { ...(keySet?.state() ?? COLD), keys: keySet?.peek()?.keys.length ?? 0 };
  }
}
