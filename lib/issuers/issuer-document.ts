import type { Clock } from '../cache/clock.js';
import { RefreshingValue } from '../cache/refreshing-value.js';
import type {
  EntryState,
  Loaded,
  LoadContext,
  LoadFailure,
  RefreshRules,
  ValueSource,
} from '../cache/value-source.js';
import { describeError, IdentityError } from '../errors/identity-error.js';
import type { EventReporter } from '../events/event-reporter.js';
import type { CachedDocument, DocumentAnswer } from '../http/document.js';
import { chooseTtlMs } from '../http/freshness.js';
import type { FetchOptions } from '../http/http-client.js';
import type { HttpClients } from '../http/http-clients.js';
import { toUnavailable } from '../http/to-unavailable.js';
import type { KeyRingRules } from '../jwks/key-ring.js';
import type { ResolvedIssuer, ResolvedOptions } from '../options/resolved-options.js';
import type { UnprovenPace } from './unproven-pace.js';

/** The documents of a provider, by the name that metrics give them. */
export type DocumentKind = 'discovery' | 'jwks';

/** What all issuers have in common at run time. */
export interface IssuerRuntime {
  readonly options: ResolvedOptions;
  readonly clients: HttpClients;
  readonly clock: Clock;
  readonly reporter: EventReporter;
  readonly keyRules: KeyRingRules;
  readonly unprovenPace: UnprovenPace;
  /** How the documents of a kind are kept, and what counts their look-ups. */
  readonly refresh: Readonly<Record<DocumentKind, RefreshRules>>;
}

/** The issuer that a document belongs to. */
export interface DocumentOwner {
  readonly options: ResolvedIssuer;
  readonly runtime: IssuerRuntime;
  /** Whether the configuration names it: then its documents are kept warm though nobody asks. */
  readonly isConfigured: boolean;
  /** Asked before one of its documents is fetched: why that may not begin now. */
  admitFetch(kind: DocumentKind): IdentityError | undefined;
  /** One of its documents was fetched. */
  onFetched(): void;
}

const UNAVAILABLE = { discovery: 'metadata_unavailable', jwks: 'keys_unavailable' } as const;

/**
 * A document of one issuer's provider, cached: conditional requests, lifetime, events, and what callers are told when it
 * is unavailable. The metadata and the key set are two of them.
 */
export abstract class IssuerDocument<T, Owner extends DocumentOwner = DocumentOwner> implements ValueSource<
  CachedDocument<T>
> {
  readonly cached: RefreshingValue<CachedDocument<T>>;

  constructor(
    protected readonly owner: Owner,
    private readonly kind: DocumentKind,
  ) {
    const { runtime, isConfigured } = owner;
    this.cached = new RefreshingValue(this, runtime.refresh[kind], isConfigured);
  }

  /** @throws {IdentityError} `metadata_unavailable`, `keys_unavailable`, `keys_busy`. */
  get(): Promise<T> {
    return this.settle(this.cached.get());
  }

  /** Fetches now. @throws {IdentityError} as {@link get}; the last good document stays. */
  refresh(): Promise<T> {
    return this.settle(this.cached.refresh());
  }

  /** Fetches now as if nothing were cached. @throws {IdentityError} as {@link get}; the last good document stays. */
  replace(): Promise<T> {
    return this.settle(this.cached.refreshUnconditionally());
  }

  /** What may be served now, without being a use of it. */
  peek(): T | undefined {
    return this.cached.peek()?.value;
  }

  state(): EntryState {
    return this.cached.state();
  }

  async load(context: LoadContext<CachedDocument<T>>): Promise<Loaded<CachedDocument<T>>> {
    const { previous, signal, noSharing } = context;
    const { clock } = this.owner.runtime;
    const options: FetchOptions = {
      endpoint: this.kind,
      deadlineAtMs: clock.monotonicMs() + this.owner.options.http.deadlineMs,
      // What is cached serves meanwhile, and the backoff tries again; without it somebody waits.
      retry: previous === undefined,
      signal,
      noSharing,
      previous: previous?.source,
    };
    return this.fetch(options, previous?.value);
  }

  admit(): IdentityError | undefined {
    return this.owner.admitFetch(this.kind);
  }

  onRefreshed(fetched: CachedDocument<T>, previous: CachedDocument<T> | undefined): void {
    const { runtime, options } = this.owner;
    this.owner.onFetched();
    runtime.reporter.report({ type: `${this.kind}.refreshed`, issuer: options.issuer });
    this.onValue(fetched.value, previous?.value);
  }

  onFailed({ error, failures, retryInMs }: LoadFailure): void {
    const { runtime, options } = this.owner;
    const reason = describeError(error);
    runtime.reporter.report({
      type: `${this.kind}.failed`,
      issuer: options.issuer,
      reason,
      failures,
      retryInMs,
    });
  }

  /** Brings the document. */
  protected abstract fetch(
    options: FetchOptions,
    previous: T | undefined,
  ): Promise<Loaded<CachedDocument<T>>>;

  /** A fetch has brought a value, perhaps the same as before. */
  protected abstract onValue(value: T, previous: T | undefined): void;

  /** @param value - what the answer was made into; of a 304 (RFC 9110 section 15.4.5) what it was before. */
  protected accept(answer: DocumentAnswer, value: T | undefined): Loaded<CachedDocument<T>> {
    if (value === undefined) throw new Error('a 304 to a request without conditions');
    const ttlMs = chooseTtlMs(answer.freshnessMs, this.owner.runtime.options[this.kind]);
    return { value: { value, source: answer.source }, ttlMs };
  }

  private async settle(pending: Promise<CachedDocument<T>>): Promise<T> {
    try {
      return (await pending).value;
    } catch (error) {
      // The fetch was not admitted: the error says so already.
      throw error instanceof IdentityError ? error : this.toUnavailable(error);
    }
  }

  private toUnavailable(error: unknown): IdentityError {
    return toUnavailable(UNAVAILABLE[this.kind], this.owner.options.issuer, error);
  }
}
