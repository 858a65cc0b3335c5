import type { KeyObject } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { SecretOrKeyProvider } from 'passport-jwt';
import { CLOCK, type Clock } from '../cache/clock.js';
import {
  RefreshingCache,
  type EntryState,
  type Loaded,
  type LoadContext,
} from '../cache/refreshing-cache.js';
import type { CacheStats } from '../cache/cache-stats.js';
import { toUnavailable } from './cache-errors.js';
import { DiscoveryService } from './discovery.service.js';
import { describeError, IdentityError } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import { chooseTtlMs } from '../http/freshness.js';
import { HttpClients } from '../http/http-clients.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { IssuerRegistry } from './issuer-registry.js';
import { isUnset } from '../model/json.js';
import type { Sourced } from './sourced.js';
import { isSameKeySource } from './tenant-resolver.js';
import {
  GUARDS_PER_ENTRY,
  RESOLVED_OPTIONS,
  type ResolvedIssuer,
  type ResolvedOptions,
} from '../options/resolved-options.js';
import { refuseKey } from '../tokens/refuse-key.js';
import { digestToken } from '../tokens/digest-token.js';
import type { UnverifiedToken } from '../tokens/parse-token.js';
import { findSigningKey, type PreparedKey } from '../tokens/verify-signature.js';
import { fetchKeySet, keysOf } from '../jwks/fetch-key-set.js';
import { belongsToAnotherTenant } from '../jwks/entra-shared-keys.js';
import { identityOf, importKeySet, nameOf, type KeySet } from '../jwks/key-set.js';
import { KeyWatch } from '../jwks/key-watch.js';
import { missOf } from '../jwks/miss-ids.js';
import { createSecretOrKeyProvider } from '../jwks/secret-or-key-provider.js';
import { keyObjectOf, selectKeys, type KeyQuery } from '../jwks/select-keys.js';
import type { KeyWait } from '../jwks/shared-refreshes.js';
import type { Party } from '../jwks/waiting-room.js';

/** The verification keys of the configured issuers, cached. */
@Injectable()
export class JwksService implements OnApplicationShutdown {
  private readonly cache: RefreshingCache<Sourced<KeySet>>;
  private readonly watches: LRUCache<string, KeyWatch<Sourced<KeySet>>>;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
    @Inject(HttpClients) private readonly clients: HttpClients,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
  ) {
    metrics.cache('jwks', () => this.stats());
    metrics.endpoint('jwks');
    this.watches = new LRUCache({
      max: Math.max(options.issuers.length, GUARDS_PER_ENTRY * options.cache.maxEntries),
    });
    this.cache = new RefreshingCache({
      load: async (issuer, context) => this.fetch(await this.directory.pick(issuer), context),
      maxEntries: options.cache.maxEntries,
      maxColdEntries: GUARDS_PER_ENTRY * options.cache.maxEntries,
      pinned: new Set(directory.configured.map((issuer) => issuer.issuer)),
      staleIfErrorMs: options.jwks.staleIfErrorMs,
      refreshAheadRatio: options.refreshAheadRatio,
      clock,
      onRefreshed: (issuer, set, previous) => this.reportRefresh(issuer, set.value, previous?.value),
      onFailed: (issuer, { error, failures, retryInMs }) =>
        reporter.report({ type: 'jwks.failed', issuer, reason: describeError(error), failures, retryInMs }),
    });
    discovery.onKeySetMoved((issuer) => {
      if (this.cache.look(issuer) !== undefined) this.cache.refresh(issuer).catch(() => undefined);
    });
  }

  /**
   * The usable keys of an issuer, from the cache where they may be.
   *
   * @param issuer - a configured issuer; may be left out where there is only one.
   * @throws {IdentityError} `keys_unavailable`, `issuer_unknown`, `issuer_ambiguous`.
   */
  async get(issuer?: string): Promise<KeySet> {
    const found = await this.directory.pick(issuer);
    const name = found.issuer;
    this.forgetFormer(found, this.cache.look(name));
    try {
      return (await this.cache.get(name)).value;
    } catch (error) {
      throw toUnavailable('keys_unavailable', name, error);
    }
  }

  /**
   * The key that a JOSE header names (RFC 7515 section 4.1.4); the first one where several fit. An
   * unknown `kid` waits for a refresh.
   *
   * @throws {IdentityError} `key_not_found`, `keys_unavailable`, `keys_busy`, `issuer_unknown`, `issuer_ambiguous`.
   */
  async findKey(header: KeyQuery, issuer?: string): Promise<KeyObject> {
    const found = await this.directory.pick(issuer);
    const query = isUnset(header.kid) ? { alg: header.alg } : header;
    const known = this.candidates(found, query);
    if (known === undefined) this.cache.recordMiss();
    else this.cache.recordHit();
    const [first] =
      known ?? (await this.waitForCandidates(found, query, { sinceMs: this.clock.monotonicMs() }));
    if (first === undefined) throw refuseKey('key_not_found', found);
    return keyObjectOf(first);
  }

  /**
   * Fetches the keys now.
   *
   * @throws {IdentityError} `keys_unavailable`; the last good set stays. `issuer_unknown`, `issuer_ambiguous`.
   */
  async refresh(issuer?: string): Promise<KeySet> {
    const { issuer: name } = await this.directory.pick(issuer);
    try {
      return (await this.cache.refresh(name)).value;
    } catch (error) {
      throw toUnavailable('keys_unavailable', name, error);
    }
  }

  /**
   * Fetches the keys now as if there were none, without asking whether they changed, and puts what comes in
   * the place of what is held: former keys, and tokens that were verified under them, are dropped for good,
   * but not before a usable set is here. The careful form of {@link clear}.
   *
   * @throws {IdentityError} `keys_unavailable`; the last good set stays. `issuer_unknown`, `issuer_ambiguous`.
   */
  async replace(issuer?: string): Promise<KeySet> {
    const { issuer: name } = await this.directory.pick(issuer);
    try {
      return (await this.cache.refreshAnew(name)).value;
    } catch (error) {
      throw toUnavailable('keys_unavailable', name, error);
    }
  }

  /**
   * The keys that may serve now; undefined where there are none. Neither fetches nor counts.
   *
   * @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`.
   */
  held(issuer?: string): KeySet | undefined {
    return this.cache.look(this.directory.nameOf(issuer))?.value;
  }

  /** Forgets the keys of one issuer, or of all, at once: the emergency withdrawal. The next look-up fetches. */
  clear(issuer?: string): void {
    this.cache.clear(issuer === undefined ? undefined : this.directory.nameOf(issuer));
  }

  /**
   * For a strategy of passport-jwt that you keep: `secretOrKeyProvider: jwks.secretOrKeyProvider()`. It finds
   * the key of a token in this cache, for configured issuers only, and waits for a refresh where it has to.
   *
   * It decides nothing but the key: `issuer`, `audience` and `algorithms` must be set in the strategy. An outage
   * of the provider is a 503, not a 401.
   */
  secretOrKeyProvider(): SecretOrKeyProvider {
    const { options, directory: issuers, clock } = this;
    return createSecretOrKeyProvider({ options, issuers, keys: this, lookUps: this, clock });
  }

  stats(): CacheStats {
    return this.cache.stats();
  }

  /** @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`. */
  state(issuer?: string): EntryState & { readonly keys: number } {
    const name = this.directory.nameOf(issuer);
    return { ...this.cache.state(name), keys: this.cache.look(name)?.value.keys.length ?? 0 };
  }

  /**
   * The keys that may have signed a token, without waiting: none if it is known that there is none, undefined if a
   * fetch has to decide.
   *
   * @internal
   */
  candidates(issuer: ResolvedIssuer, query: KeyQuery): readonly PreparedKey[] | undefined {
    const held = this.cache.peek(issuer.issuer);
    if (held === undefined || this.forgetFormer(issuer, held)) return undefined;
    const selected = selectKeys(held.value, query);
    if (typeof selected !== 'string') return selected;
    return this.isSettled(issuer, missOf(query, selected)) ? [] : undefined;
  }

  /**
   * What stands for the keys of an issuer as they are now: another object as soon as one of them changes.
   * undefined where they may not serve without waiting.
   *
   * @internal
   */
  generation(issuer: ResolvedIssuer): object | undefined {
    const held = this.cache.peek(issuer.issuer);
    return held === undefined || this.forgetFormer(issuer, held) ? undefined : held.value;
  }

  /**
   * A token of a tenant was verified: only that keeps what is known of the tenant.
   *
   * @internal
   */
  prove(issuer: string): void {
    this.cache.prove(issuer);
    this.discovery.prove(issuer);
    this.directory.prove(issuer);
  }

  /** @internal */
  recordHit(): void {
    this.cache.recordHit();
  }

  /** @internal */
  recordMiss(): void {
    this.cache.recordMiss();
  }

  /**
   * The same, waiting for the network: for the first key set as long as a fetch may take, for an unknown key id or
   * algorithm no longer than `jwks.unknownKidMaxWaitMs`.
   *
   * @param wait - since when the token waits, and the requests that share one place of `jwks.maxWaiting` for each key.
   * @throws {IdentityError} `key_not_found`, `keys_unavailable`, `keys_busy`.
   * @internal
   */
  async waitForCandidates(
    issuer: ResolvedIssuer,
    query: KeyQuery,
    { sinceMs, party }: KeyWait,
  ): Promise<readonly PreparedKey[]> {
    try {
      for (let settled = false; ;) {
        const selected = selectKeys(await this.waitForSet(issuer, query, party), query);
        if (typeof selected !== 'string') return selected;
        const id = missOf(query, selected);
        if (settled || this.isSettled(issuer, id)) throw refuseKey('key_not_found', issuer);
        const outcome = await this.watch(issuer).unknown.wait({ id, group: id, sinceMs, party });
        settled = outcome === 'settled';
      }
    } catch (error) {
      throw error instanceof IdentityError ? error : toUnavailable('keys_unavailable', issuer.issuer, error);
    }
  }

  /**
   * Asks for what {@link candidates} missed, without waiting for it.
   *
   * @returns milliseconds after which the answer is decided; undefined where that is not known.
   * @internal
   */
  requestCandidates(issuer: ResolvedIssuer, query: KeyQuery): number | undefined {
    const held = this.cache.peek(issuer.issuer);
    const selected = held === undefined ? undefined : selectKeys(held.value, query);
    if (typeof selected === 'string') return this.watch(issuer).unknown.request(missOf(query, selected));
    this.cache.prefetch(issuer.issuer);
    return this.cache.backoffLeftMs(issuer.issuer) || undefined;
  }

  /**
   * The key under which a token verifies after all, though its signature failed under the keys that its header names:
   * the provider may have put another key under the id. Waits for a shared refresh, no longer than
   * `jwks.unknownKidMaxWaitMs`. undefined only after a refresh that began after the call, or while this very token
   * is remembered from one.
   *
   * @param tried - the keys under which the signature has failed.
   * @throws {IdentityError} `keys_unavailable`, `keys_busy`: it cannot be decided now.
   * @internal
   */
  async findReplacedKey(
    issuer: ResolvedIssuer,
    parsed: UnverifiedToken,
    tried: readonly PreparedKey[],
    { sinceMs, party }: KeyWait,
  ): Promise<PreparedKey | undefined> {
    const { doubted } = this.watch(issuer);
    const wait = { id: digestToken(parsed.token), group: groupOf(parsed), sinceMs };
    const failed = new Set(tried);
    try {
      for (let settled = issuer.jwks !== undefined || doubted.isMissed(wait.id); ;) {
        for (const key of this.keysNow(issuer, parsed.header)) {
          if (failed.has(key)) continue;
          if (findSigningKey([key], parsed) !== undefined) return key;
          failed.add(key);
        }
        if (settled) return undefined;
        settled = (await doubted.wait({ ...wait, party })) === 'settled';
      }
    } catch (error) {
      throw error instanceof IdentityError ? error : toUnavailable('keys_unavailable', issuer.issuer, error);
    }
  }

  /**
   * {@link findReplacedKey} for a caller that cannot wait.
   *
   * @returns milliseconds after which the answer is decided; undefined where the signature is known to be bad.
   * @internal
   */
  requestReplacedKey(issuer: ResolvedIssuer, { token }: UnverifiedToken): number | undefined {
    const { doubted } = this.watch(issuer);
    const id = digestToken(token);
    return issuer.jwks !== undefined || doubted.isMissed(id) ? undefined : doubted.request(id);
  }

  /**
   * Starts a fetch where there are no keys yet and none is under way or backed off from.
   *
   * @internal
   */
  warm(issuer: ResolvedIssuer): void {
    if (this.cache.peek(issuer.issuer) === undefined) this.cache.prefetch(issuer.issuer);
  }

  onApplicationShutdown(): void {
    this.cache.close();
    for (const watch of this.watches.values()) watch.close(new IdentityError('shutting_down'));
  }

  /** A tenant whose keys come from elsewhere now starts anew. */
  private forgetFormer(issuer: ResolvedIssuer, held: Sourced<KeySet> | undefined): boolean {
    if (held === undefined || isSameKeySource(held.owner, issuer)) return false;
    this.cache.clear(issuer.issuer);
    return true;
  }

  /** Whether it is certain that no refresh would bring the key. */
  private isSettled(issuer: ResolvedIssuer, missedId: string): boolean {
    return issuer.jwks !== undefined || this.watch(issuer).unknown.isMissed(missedId);
  }

  /** The set, waiting for the first one on a place of the waiting room. */
  private async waitForSet(issuer: ResolvedIssuer, query: KeyQuery, party?: Party): Promise<KeySet> {
    const name = issuer.issuer;
    const held = this.cache.peek(name);
    if (held !== undefined) return held.value;
    // What fails at once takes no place.
    if (this.cache.backoffLeftMs(name) > 0) return (await this.cache.load(name)).value;
    const group = missOf(query, 'unknown');
    return (await this.watch(issuer).firstSet.wait({ group, party })).value;
  }

  private keysNow(issuer: ResolvedIssuer, query: KeyQuery): readonly PreparedKey[] {
    const held = this.cache.peek(issuer.issuer);
    const selected = held === undefined ? [] : selectKeys(held.value, query);
    return typeof selected === 'string' ? [] : selected;
  }

  private watch({ issuer, http }: ResolvedIssuer): KeyWatch<Sourced<KeySet>> {
    let watch = this.watches.get(issuer);
    if (watch === undefined) {
      const { cache, clock } = this;
      const fetchDeadlineMs = http.deadlineMs;
      const setOf = ({ value }: Sourced<KeySet>): object => value;
      watch = new KeyWatch(issuer, { jwks: this.options.jwks, fetchDeadlineMs, cache, clock, setOf });
      this.watches.set(issuer, watch);
    }
    return watch;
  }

  private async fetch(
    issuer: ResolvedIssuer,
    { previous, signal, mustBeginNow }: LoadContext<Sourced<KeySet>>,
  ): Promise<Loaded<Sourced<KeySet>>> {
    if (issuer.jwks !== undefined) {
      const value = await this.importSet(keysOf(issuer.jwks, 'the static "jwks"'), issuer);
      return { value: { value, source: undefined, owner: issuer }, ttlMs: Infinity };
    }
    const deadlineAtMs = performance.now() + issuer.http.deadlineMs;
    const url = issuer.jwksUri ?? (await this.discovery.get(issuer.issuer)).jwks_uri;
    const { keys, answer } = await fetchKeySet(this.clients.for(issuer.http), url, {
      endpoint: 'jwks',
      deadlineAtMs,
      retry: previous === undefined,
      signal,
      mustBeginNow,
      previous: previous?.source,
    });
    const value = keys === undefined ? previous?.value : await this.importSet(keys, issuer, previous?.value);
    if (value === undefined) throw new Error('a 304 to a request without conditions');
    return {
      value: { value, source: answer.source, owner: issuer },
      ttlMs: chooseTtlMs(answer.freshnessMs, this.options.jwks),
    };
  }

  /** A set without a usable key is a failed refresh; a set with the same keys stays the same object. */
  private async importSet(
    jwks: readonly unknown[],
    issuer: ResolvedIssuer,
    previous?: KeySet,
  ): Promise<KeySet> {
    const set = await importKeySet(
      jwks.filter((jwk) => !belongsToAnotherTenant(jwk, issuer)),
      {
        previous,
        onCut: (cut) => this.reporter.report({ type: 'jwks.candidates-cut', issuer: issuer.issuer, ...cut }),
      },
    );
    for (const { kid, reason } of set.skipped) {
      this.reporter.report({ type: 'jwks.key-skipped', issuer: issuer.issuer, kid, reason });
    }
    if (set.keys.length === 0) {
      const count = String(jwks.length);
      throw new IdentityError(
        'no_usable_key',
        `None of the ${count} keys of ${issuer.issuer} can verify signatures`,
      );
    }
    return previous?.fingerprint === set.fingerprint ? previous : set;
  }

  private reportRefresh(issuer: string, set: KeySet, previous: KeySet | undefined): void {
    this.reporter.report({ type: 'jwks.refreshed', issuer });
    if (set === previous) return;
    this.watches.get(issuer)?.setChanged();
    if (previous === undefined || previous.fingerprint === set.fingerprint) return;
    const before = new Set(previous.keys.map(identityOf));
    const after = new Set(set.keys.map(identityOf));
    this.reporter.report({
      type: 'jwks.rotated',
      issuer,
      added: set.keys.filter((key) => !before.has(identityOf(key))).map(nameOf),
      removed: previous.keys.filter((key) => !after.has(identityOf(key))).map(nameOf),
    });
  }
}

/** What shares the waiting places of failed signatures: the key that the token names. */
function groupOf({ header }: UnverifiedToken): string {
  return `signature ${missOf(header, 'unfit')}`;
}
