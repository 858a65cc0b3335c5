import type { Clock } from '../cache/clock.js';
import type { RefreshingValue } from '../cache/refreshing-value.js';
import { IdentityError } from '../errors/identity-error.js';
import type { CachedDocument } from '../http/document.js';
import { toUnavailable } from '../http/to-unavailable.js';
import type { ResolvedIssuer, ResolvedJwks } from '../options/resolved-options.js';
import { digestToken } from '../tokens/digest-token.js';
import type { UnverifiedToken } from '../tokens/parse-token.js';
import { refuseKey } from '../tokens/refuse-key.js';
import { findSigningKey, type PreparedKey } from '../tokens/verify-signature.js';
import type { KeySet } from './key-set.js';
import { KeyWaits } from './key-waits.js';
import { missOf } from './miss-ids.js';
import { selectKeys, type KeyQuery } from './select-keys.js';
import type { KeyWait } from './shared-refreshes.js';
import type { Party } from './waiting-room.js';

export interface KeyRingRules {
  readonly jwks: ResolvedJwks;
  readonly clock: Clock;
}

/**
 * What tokens ask of the keys of their issuer: those that may have signed, at once or after a wait that is bounded and
 * shared. Everything here is asked for by strangers: what one of them can make the provider or us do is bounded by
 * {@link KeyWaits}. It counts no look-ups: its callers know whether a look-up was for a token.
 */
export class KeyRing {
  /** Made by the first token that has to wait: most issuers never have one. */
  private made: KeyWaits | undefined;

  constructor(
    private readonly issuer: ResolvedIssuer,
    private readonly document: RefreshingValue<CachedDocument<KeySet>>,
    private readonly rules: KeyRingRules,
  ) {}

  /**
   * The keys that may have signed a token, without waiting: none if it is known that there is none, undefined if a fetch
   * has to decide.
   */
  candidates(query: KeyQuery): readonly PreparedKey[] | undefined {
    const cached = this.document.getIfServable();
    if (cached === undefined) return undefined;
    const selected = selectKeys(cached.value, query);
    if (typeof selected !== 'string') return selected;
    return this.isKnownMissing(missOf(query, selected)) ? [] : undefined;
  }

  /**
   * What stands for the keys as they are now: another object as soon as one of them changes. undefined if they may not
   * serve without waiting.
   */
  generation(): object | undefined {
    return this.document.getIfServable()?.value;
  }

  /**
   * {@link candidates}, waiting for the network: for the first key set as long as a fetch may take, for an unknown key id
   * or algorithm no longer than `jwks.unknownKidMaxWaitMs`.
   *
   * @param wait - since when the token waits, and the requests that share one place of `jwks.maxWaiting` for each key.
   * @throws {IdentityError} `key_not_found`, `keys_unavailable`, `keys_busy`.
   */
  async waitForCandidates(query: KeyQuery, { sinceMs, party }: KeyWait): Promise<readonly PreparedKey[]> {
    return this.orUnavailable(async () => {
      for (let isConfirmed = false; ;) {
        const selected = selectKeys(await this.waitForSet(query, party), query);
        if (typeof selected !== 'string') return selected;
        const id = missOf(query, selected);
        if (isConfirmed || this.isKnownMissing(id)) throw refuseKey('key_not_found', this.issuer);
        isConfirmed =
          (await this.waits.unknown.wait({ id, group: id, sinceMs, party })) === 'confirmed-absent';
      }
    });
  }

  /**
   * Asks for what {@link candidates} missed, without waiting for it.
   *
   * @returns milliseconds after which the answer is decided; undefined if that is not known.
   */
  requestCandidates(query: KeyQuery): number | undefined {
    const cached = this.document.getIfServable();
    const selected = cached && selectKeys(cached.value, query);
    if (typeof selected === 'string') return this.waits.unknown.request(missOf(query, selected));
    const refusal = this.document.prefetch();
    return refusal instanceof IdentityError ? refusal.retryAfterMs : this.document.backoffLeftMs || undefined;
  }

  /**
   * The key under which a token verifies after all, though its signature failed under the keys that its header names:
   * the provider may have put another key under the id. Waits for a shared refresh, no longer than
   * `jwks.unknownKidMaxWaitMs`. undefined only after a refresh that began after the call, or while this very token
   * is remembered from one.
   *
   * @param tried - the keys under which the signature has failed.
   * @throws {IdentityError} `keys_unavailable`, `keys_busy`: it cannot be decided now.
   */
  async findReplacedKey(
    parsed: UnverifiedToken,
    tried: readonly PreparedKey[],
    { sinceMs, party }: KeyWait,
  ): Promise<PreparedKey | undefined> {
    const id = digestToken(parsed.token);
    const { doubted } = this.waits;
    const failed = new Set(tried);
    return this.orUnavailable(async () => {
      for (let isConfirmed = this.isStatic || doubted.isMissed(id); ;) {
        for (const key of this.keysNow(parsed.header)) {
          if (failed.has(key)) continue;
          if (findSigningKey([key], parsed) !== undefined) return key;
          failed.add(key);
        }
        if (isConfirmed) return undefined;
        isConfirmed =
          (await doubted.wait({ id, group: groupOf(parsed), sinceMs, party })) === 'confirmed-absent';
      }
    });
  }

  /**
   * {@link findReplacedKey} for a caller that cannot wait.
   *
   * @returns milliseconds after which the answer is decided; undefined if the signature is known to be bad.
   */
  requestReplacedKey({ token }: UnverifiedToken): number | undefined {
    if (this.isStatic) return undefined;
    const { doubted } = this.waits;
    const id = digestToken(token);
    return doubted.isMissed(id) ? undefined : doubted.request(id);
  }

  /** Starts a fetch if there are no keys yet, and none is under way or in backoff. */
  warm(): void {
    if (this.document.getIfServable() === undefined) this.document.prefetch();
  }

  /** Another set is here: what was missed may be in it. */
  setChanged(): void {
    this.made?.setChanged();
  }

  /** Ends all waits. */
  close(error: IdentityError): void {
    this.made?.close(error);
  }

  /** Keys of the configuration change with it only. */
  private get isStatic(): boolean {
    return this.issuer.jwks !== undefined;
  }

  private get waits(): KeyWaits {
    const { issuer, document, rules } = this;
    return (this.made ??= new KeyWaits(issuer, document, rules));
  }

  /** Whether it is certain that no refresh would bring the key. */
  private isKnownMissing(missedId: string): boolean {
    return this.isStatic || this.made?.unknown.isMissed(missedId) === true;
  }

  /** The set, waiting for the first one on a place of the waiting room. */
  private async waitForSet(query: KeyQuery, party?: Party): Promise<KeySet> {
    const { document } = this;
    const cached = document.getIfServable();
    if (cached !== undefined) return cached.value;
    // What fails at once takes no place.
    if (document.backoffLeftMs > 0) return (await document.load()).value;
    return (await this.waits.firstSet.wait({ group: missOf(query, 'unknown'), party })).value;
  }

  private keysNow(query: KeyQuery): readonly PreparedKey[] {
    const cached = this.document.getIfServable();
    const selected = cached && selectKeys(cached.value, query);
    return selected === undefined || typeof selected === 'string' ? [] : selected;
  }

  private async orUnavailable<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof IdentityError) throw error;
      throw toUnavailable('keys_unavailable', this.issuer.issuer, error);
    }
  }
}

/** What shares the waiting places of failed signatures: the key that the token names. */
function groupOf({ header }: UnverifiedToken): string {
  return `signature ${missOf(header, 'unfit')}`;
}
