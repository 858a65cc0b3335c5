import { Inject, Injectable } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { isPresented, type Credentials, type PresentedCredentials } from '../model/credentials.js';
import type { ValidatedToken } from '../model/token.js';
import { driveOn, type Through } from './drive.js';
import { EventLoopSlice } from './event-loop-slice.js';
import type { ValidationOverrides } from './overrides.js';
import { RuleSets } from './rule-sets.js';
import { RUN_CONTEXT, type CallSettings, type RunContext } from './run-context.js';
import { runBatch, type BatchOptions, type TokenSource } from './run-batch.js';
import { stepsFor } from './steps.js';
import { threadPoolPolicy, type PoolLoad } from './thread-pool-policy.js';
import type { TokenCacheStats } from './token-cache.js';
import { ValidationReports } from './validation-reports.js';
import { ValidationRun } from './validation-run.js';

/** What validation has done since the start. */
export interface ValidationStats {
  /** Tokens that passed every step. */
  readonly validated: number;
  /** Tokens that did not, whatever the reason. */
  readonly rejected: number;
  /** The token cache, if it is on. */
  readonly tokenCache?: TokenCacheStats;
}

const AT_ONCE: Through = (wait) => wait();

/** What a caller's token came with, if `createCredentials` says so. */
function presentedIn(given: unknown): PresentedCredentials | undefined {
  return isPresented(given) ? given : undefined;
}

/**
 * Validates access tokens of the configured issuers (RFC 7519 section 7.2, RFC 9068 section 4). The steps and their order
 * are in steps.ts; each method here drives them in its own way.
 */
@Injectable()
export class TokenValidationService {
  /** Calls without overrides share one object. */
  private readonly configuredCall: CallSettings;
  private readonly slice = new EventLoopSlice();
  private readonly poolLoad: PoolLoad = { running: 0 };

  constructor(
    @Inject(RUN_CONTEXT) private readonly context: RunContext,
    @Inject(RuleSets) private readonly rules: RuleSets,
    @Inject(ValidationReports) private readonly reports: ValidationReports,
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
  ) {
    const { tokenCache } = context;
    if (tokenCache !== undefined) metrics.cache('tokens', () => tokenCache.stats());
    this.configuredCall = { rulesFor: rules.configured };
  }

  /**
   * Validates a token, waiting for keys if it has to.
   *
   * @param token - a compact JWS (RFC 7515 section 7.1), or what `createCredentials` makes of that and what it was presented with: a
   *   token that is bound to a key is accepted with a proof only. Any other object is `token_malformed`, because one out of a body
   *   would let its sender choose what the proof is compared with.
   * @param overrides - requirements of this call; they can only tighten the configured ones.
   * @typeParam T - your own claims.
   * @throws {IdentityError} see docs/reference/errors.md.
   *
   * @example
   * const { claims, issuer } = await tokens.validate<{ tenant: string }>(token, { scopes: ['orders:read'] });
   */
  validate<T = unknown>(
    token: string | PresentedCredentials,
    overrides?: ValidationOverrides,
  ): Promise<ValidatedToken<T>> {
    return this.start(token, presentedIn(token), overrides) as Promise<ValidatedToken<T>>;
  }

  /** @internal The same of what a transport has read from a request itself, which needs no mark to be believed. */
  validateCredentials(credentials: Credentials): Promise<ValidatedToken> {
    return this.start(credentials.token, credentials);
  }

  /**
   * Validates a token without ever waiting. Keys that are missing are fetched in the background.
   *
   * @throws {IdentityError} as `validate`; `keys_cold` if keys are missing; `sync_unavailable` with an asynchronous
   * `validate` hook, and for a proof that the option `store` has to be asked about.
   *
   * @example
   * const { claims } = tokens.validateSync(token); // with warmUp: 'await' the keys are there from the start
   */
  validateSync<T = unknown>(
    token: string | PresentedCredentials,
    overrides?: ValidationOverrides,
  ): ValidatedToken<T> {
    return this.run(token, presentedIn(token), this.callOf(overrides)) as ValidatedToken<T>;
  }

  /**
   * Validates many tokens; a bad one never fails its neighbours.
   *
   * @param tokens - any iterable or async iterable.
   * @returns a settled result for each token, in order. Aborting settles the rest as `aborted`.
   * @throws {IdentityError} `invalid_override`.
   *
   * @example
   * const results = await tokens.validateMany(list, { concurrency: 128, signal: AbortSignal.timeout(5_000) });
   * const good = results.filter(({ status }) => status === 'fulfilled');
   */
  async validateMany<T = unknown>(
    tokens: TokenSource,
    options: BatchOptions & { readonly overrides?: ValidationOverrides | undefined } = {},
  ): Promise<PromiseSettledResult<ValidatedToken<T>>[]> {
    const { overrides, ...batch } = options;
    const pool = threadPoolPolicy(tokens, batch.threadPool ?? 'auto', this.poolLoad);
    const call: CallSettings = { ...this.callOf(overrides), party: new Map(), pool };
    const endBatch = this.reports.startBatch();
    const results = await runBatch(
      tokens,
      async (token, leaveSlot) => this.run(token, presentedIn(token), call, leaveSlot),
      batch,
      this.slice,
    );
    endBatch(results.length);
    return results as PromiseSettledResult<ValidatedToken<T>>[];
  }

  stats(): ValidationStats {
    const { validated, rejected } = this.reports;
    const { tokenCache } = this.context;
    return { validated, rejected, ...(tokenCache && { tokenCache: tokenCache.stats() }) };
  }

  private start(
    given: string | Credentials,
    presented: Credentials | undefined,
    overrides?: ValidationOverrides,
  ): Promise<ValidatedToken> {
    try {
      return Promise.resolve(this.run(given, presented, this.callOf(overrides), AT_ONCE));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new IdentityError('check_failed'));
    }
  }

  /**
   * The loop over the steps stands here, not in a function of its own: most tokens of a flood end by an error, which costs
   * more with each function that it leaves.
   *
   * @param presented - what the token came with; undefined for a token alone.
   * @param through - what waits go through; undefined for a caller that cannot wait.
   */
  private run(
    given: string | Credentials,
    presented: Credentials | undefined,
    call: CallSettings,
    through?: Through,
  ): ValidatedToken | Promise<ValidatedToken> {
    const run = new ValidationRun(presented?.token ?? given, this.context, call, presented);
    const startMs = this.reports.start();
    try {
      const steps = stepsFor(run);
      for (let at = 0; at < steps.length; at++) {
        const wait = steps[at]?.take.call(run);
        if (wait === undefined) continue;
        if (through === undefined) throw wait.decline();
        return this.finish(driveOn(run, steps.slice(at + 1), through, wait), run, startMs);
      }
      return this.reports.accept(run.validated, startMs);
    } catch (error) {
      throw this.reports.reject(error, run, startMs);
    }
  }

  private async finish(later: Promise<void>, run: ValidationRun, startMs: number): Promise<ValidatedToken> {
    try {
      await later;
      return this.reports.accept(run.validated, startMs);
    } catch (error) {
      throw this.reports.reject(error, run, startMs);
    }
  }

  /** @throws {IdentityError} `invalid_override`. */
  private callOf(overrides: ValidationOverrides | undefined): CallSettings {
    return overrides === undefined ? this.configuredCall : { rulesFor: this.rules.tightened(overrides) };
  }
}
