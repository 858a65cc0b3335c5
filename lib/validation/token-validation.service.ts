import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import { reasonOf } from '../events/reason.js';
import { JwksService } from '../issuers/jwks.service.js';
import { refuseKey } from '../jwks/key-messages.js';
import type { Party } from '../jwks/waiting-room.js';
import { ALGORITHM_NAMES } from '../model/algorithms.js';
import { deepFreeze, type JsonObject } from '../model/json.js';
import { listOf } from '../model/printable.js';
import { isThenable } from '../model/thenable.js';
import type { TokenHeader, ValidatedToken } from '../model/token.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { RESOLVED_OPTIONS, type ResolvedIssuer, type ResolvedOptions } from '../options/resolved-options.js';
import { checkAlgorithm } from '../tokens/check-algorithm.js';
import { checkClaims, checkCommonClaims } from '../tokens/check-claims.js';
import { checkTokenType } from '../tokens/check-token-type.js';
import { HeaderCache } from '../tokens/header-cache.js';
import { parseToken, type UnverifiedToken } from '../tokens/parse-token.js';
import { readScopes } from '../tokens/read-scopes.js';
import { TokenCache, type TokenCacheStats } from './token-cache.js';
import { isSignedBy, isSignedByOffLoop, type PreparedKey } from '../tokens/verify-signature.js';
import { configuredRules, type ValidationRules } from './validation-rules.js';
import { assertSatisfiable, readOverrides, tighten, type ValidationOverrides } from './overrides.js';
import { runHooks, toCheckError } from './run-hooks.js';
import { OK, VALIDATION_RECORDER, type ValidationRecorder } from './validation-recorder.js';
import { runBatch, type BatchOptions, type LeaveSlot, type TokenSource } from './run-batch.js';

/** What validation has done since the start. */
export interface ValidationStats {
  /** Tokens that passed every check. */
  readonly validated: number;
  /** Tokens that did not, whatever the reason. */
  readonly rejected: number;
  /** The cache of verified tokens, where it is on. */
  readonly tokenCache?: TokenCacheStats;
}

/** A token on its way, past the checks that cost nothing. */
interface Pending {
  readonly parsed: UnverifiedToken;
  readonly issuer: ResolvedIssuer;
  readonly plan: ValidationRules;
}

type PlanOf = (issuer: ResolvedIssuer) => ValidationRules | undefined;

/** How a call spends its time where it has to. */
interface Patience {
  /** All that is waited for goes through here. */
  readonly wait: LeaveSlot;
  /** Calls that share one place of jwks.maxWaiting for each key. */
  readonly party?: Party;
  /** Whether signatures of these keys are checked on the thread pool. */
  readonly goesOffLoop: (keys: readonly PreparedKey[]) => boolean;
}

/** Validates access tokens against the configured issuers (RFC 7519 section 7.2, RFC 9068 section 4). */
@Injectable()
export class TokenValidationService {
  private readonly configuredPlans = new Map<ResolvedIssuer, ValidationRules>();
  private readonly tenantPlans = new WeakMap<ResolvedIssuer, ValidationRules>();
  private readonly planOf: PlanOf;
  private readonly patience: Patience = {
    wait: (run) => run(),
    goesOffLoop: () => false,
  };
  private readonly headers = new HeaderCache();
  private readonly verified: TokenCache | undefined;
  private validated = 0;
  private rejected = 0;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(VALIDATION_RECORDER) private readonly recorder: ValidationRecorder,
  ) {
    for (const issuer of directory.configured)
      this.configuredPlans.set(issuer, configuredRules(issuer, options));
    this.planOf = (issuer) => this.configuredRulesOf(issuer);
    this.verified = options.tokenCache && new TokenCache(options.tokenCache, clock);
  }

  /**
   * Validates a token, waiting for keys where that is needed.
   *
   * @param token - a compact JWS (RFC 7515 section 7.1).
   * @param overrides - demands of this call; they can only tighten the configured ones.
   * @typeParam T - claims of your own.
   * @throws {IdentityError} see the table of errors in README.md.
   */
  validate<T = unknown>(token: string, overrides?: ValidationOverrides): Promise<ValidatedToken<T>> {
    try {
      const outcome = this.run(token, this.resolvePlans(overrides), this.patience);
      return Promise.resolve(outcome) as Promise<ValidatedToken<T>>;
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new IdentityError('check_failed'));
    }
  }

  /**
   * Validates a token without ever waiting. Keys that are missed are asked for in the background.
   *
   * @throws {IdentityError} as `validate`; `keys_cold` where keys are missed; `sync_unavailable` with an
   * asynchronous `validate` hook.
   */
  validateSync<T = unknown>(token: string, overrides?: ValidationOverrides): ValidatedToken<T> {
    const planOf = this.resolvePlans(overrides);
    const progress = this.startProgress();
    try {
      const { validated, plan } =
        this.recall(token, planOf, progress) ?? this.verifyNow(token, planOf, progress);
      const later = runHooks(plan.hooks, validated);
      if (isThenable(later)) {
        later.catch(() => undefined);
        throw new IdentityError('sync_unavailable');
      }
      this.reportValidated(validated, progress);
      return validated as ValidatedToken<T>;
    } catch (error) {
      throw this.reportRejected(error, progress);
    }
  }

  /**
   * Validates many tokens; a bad one never fails its neighbours.
   *
   * @param tokens - any iterable or async iterable.
   * @returns a settled result for each token, in order. Aborting settles the rest as `aborted`.
   */
  async validateMany<T = unknown>(
    tokens: TokenSource,
    options: BatchOptions & { readonly overrides?: ValidationOverrides | undefined } = {},
  ): Promise<PromiseSettledResult<ValidatedToken<T>>[]> {
    const { overrides, ...batch } = options;
    const goesOffLoop = poolDecision(tokens, batch.threadPool ?? 'auto');
    const planOf = this.resolvePlans(overrides);
    const party: Party = new Map();
    const endBatch = this.recorder.startBatch();
    const results = await runBatch(
      tokens,
      async (token, leaveSlot) => this.run(token, planOf, { wait: leaveSlot, party, goesOffLoop }),
      batch,
    );
    endBatch(results.length);
    return results as PromiseSettledResult<ValidatedToken<T>>[];
  }

  stats(): ValidationStats {
    const { validated, rejected } = this;
    return { validated, rejected, ...(this.verified && { tokenCache: this.verified.stats() }) };
  }

  /** The pipeline: cheap refusals, keys, signature, claims, own checks. At once where nothing has to be waited for. */
  private run(token: string, planOf: PlanOf, patience: Patience): ValidatedToken | Promise<ValidatedToken> {
    const progress = this.startProgress();
    try {
      const known = this.recall(token, planOf, progress);
      if (known !== undefined) {
        const { validated, plan } = known;
        const later = runHooks(plan.hooks, validated)?.then(() => validated);
        if (later !== undefined) return this.settle(later, progress);
        this.reportValidated(validated, progress);
        return validated;
      }
      const parsed = parseToken(token, this.options.maxTokenBytes, this.headers);
      const found = this.findIssuer(parsed);
      if (isThenable(found)) {
        const later = patience
          .wait(() => found)
          .then((issuer) => this.runFrom(this.begin(parsed, issuer, planOf, progress), patience, progress));
        return this.settle(later, progress);
      }
      const outcome = this.runFrom(this.begin(parsed, found, planOf, progress), patience, progress);
      if (isThenable(outcome)) return this.settle(outcome, progress);
      this.reportValidated(outcome, progress);
      return outcome;
    } catch (error) {
      throw this.reportRejected(error, progress);
    }
  }

  private runFrom(
    pending: Pending,
    patience: Patience,
    progress: Progress,
  ): ValidatedToken | Promise<ValidatedToken> {
    const { issuer, parsed, plan } = pending;
    const keys = this.jwks.candidates(issuer, parsed.header);
    if (keys !== undefined && patience.goesOffLoop(keys)) {
      return this.verifyOffLoop(pending, keys, patience, progress);
    }
    if (keys === undefined || !isSignedBy(keys, parsed)) {
      return this.finishLater(pending, keys, patience, progress);
    }
    const validated = this.finish(pending, progress);
    this.remember(validated, pending);
    return runHooks(plan.hooks, validated)?.then(() => validated) ?? validated;
  }

  /** The pipeline up to the signature, for who cannot wait. */
  private verifyNow(token: unknown, planOf: PlanOf, progress: Progress): Verified {
    const parsed = parseToken(token, this.options.maxTokenBytes, this.headers);
    const found = this.findIssuer(parsed);
    if (isThenable(found)) {
      found.catch(() => undefined);
      throw refuse(
        'keys_cold',
        'The function "issuers" is being asked for the issuer of the token; validateSync does not wait.',
      );
    }
    const pending = this.begin(parsed, found, planOf, progress);
    const { issuer, plan } = pending;
    const keys = this.jwks.candidates(issuer, parsed.header);
    if (keys === undefined) {
      const retryAfterMs = this.jwks.requestCandidates(issuer, parsed.header);
      const message = `The keys of ${issuer.issuer} are not at hand, and validateSync does not wait: warm up, or use validate.`;
      throw refuse('keys_cold', message, { retryAfterMs });
    }
    if (!isSignedBy(keys, parsed)) {
      const retryAfterMs = this.jwks.requestReplacedKey(issuer, parsed);
      if (retryAfterMs === undefined) throw refuseKey('signature_invalid', issuer);
      throw refuse('keys_cold', KEY_MAY_BE_REPLACED, { retryAfterMs });
    }
    const validated = this.finish(pending, progress);
    this.remember(validated, pending);
    return { validated, plan };
  }

  /**
   * A token whose signature was verified with the keys of now, held against everything else again.
   * undefined where it has to be verified.
   */
  private recall(token: string, planOf: PlanOf, progress: Progress): Verified | undefined {
    const { verified } = this;
    if (verified === undefined || typeof token !== 'string') return undefined;
    const found = verified.find(token);
    const issuer = found && this.directory.find(found.validated.issuer);
    if (found !== undefined && issuer !== undefined && !isThenable(issuer)) {
      const generation = this.jwks.generation(issuer);
      if (generation === found.generation) {
        verified.recordHit();
        this.jwks.recordHit();
        progress.verified = true;
        if (this.options.tenants !== undefined) this.jwks.prove(issuer.issuer);
        const { validated, type } = found;
        const plan = this.check(issuer, validated.header, type, validated.claims, planOf, progress);
        demandScopes(plan, validated.claims);
        return { validated, plan };
      }
      if (generation !== undefined) verified.forget(token);
    } else if (isThenable(issuer)) {
      issuer.catch(() => undefined);
    }
    verified.recordMiss();
    return undefined;
  }

  /** In the same turn as the check of the signature: the keys are those that it was verified with. */
  private remember(validated: ValidatedToken, { issuer, parsed }: Pending): void {
    if (this.verified === undefined) return;
    const generation = this.jwks.generation(issuer);
    if (generation !== undefined) this.verified.remember({ validated, type: parsed.type, generation });
  }

  private async settle(outcome: Promise<ValidatedToken>, progress: Progress): Promise<ValidatedToken> {
    try {
      const validated = await outcome;
      this.reportValidated(validated, progress);
      return validated;
    } catch (error) {
      throw this.reportRejected(error, progress);
    }
  }

  /** The issuer that the unverified `iss` names: a promise where a tenant has to be asked for. */
  private findIssuer(parsed: UnverifiedToken): ReturnType<IssuerRegistry['find']> {
    const { iss } = parsed.unverifiedClaims;
    if (typeof iss !== 'string') return undefined;
    if (this.options.tenants === undefined) return this.directory.find(iss);
    return this.directory.find(iss, () => this.checkBeforeAsking(parsed));
  }

  /**
   * What no tenant's options can change is decided before the application is asked for them: it costs whoever
   * sends a token a good one to learn by the time of the answer which tenants there are.
   */
  private checkBeforeAsking({ header, type, unverifiedClaims }: UnverifiedToken): void {
    checkAlgorithm(header.alg, ALGORITHM_NAMES);
    checkTokenType(type, unverifiedClaims, this.options);
    checkCommonClaims(unverifiedClaims, this.options, this.clock.wallMs());
  }

  /** All that can be decided without a key. Refusals here describe bytes that anybody can send. */
  private begin(
    parsed: UnverifiedToken,
    issuer: ResolvedIssuer | undefined,
    planOf: PlanOf,
    progress: Progress,
  ): Pending {
    if (issuer === undefined) throw this.directory.unknown(parsed.unverifiedClaims['iss']);
    const { header, type, unverifiedClaims } = parsed;
    return { parsed, issuer, plan: this.check(issuer, header, type, unverifiedClaims, planOf, progress) };
  }

  /** What is checked on every use of a token, whether its signature is verified now or was before. */
  private check(
    issuer: ResolvedIssuer,
    header: TokenHeader,
    type: string | null,
    claims: JsonObject,
    planOf: PlanOf,
    progress: Progress,
  ): ValidationRules {
    progress.issuer = issuer.issuer;
    const plan = planOf(issuer);
    if (plan === undefined) throw refuse('issuer_not_accepted', EXCLUDED_BY_CALL);
    checkAlgorithm(header.alg, plan.rules.algorithms);
    checkTokenType(type, claims, plan.rules);
    checkClaims(claims, plan.rules, this.clock.wallMs());
    return plan;
  }

  private async verifyOffLoop(
    pending: Pending,
    keys: readonly PreparedKey[],
    patience: Patience,
    progress: Progress,
  ): Promise<ValidatedToken> {
    if (!(await isSignedByOffLoop(keys, pending.parsed))) {
      return this.finishLater(pending, keys, patience, progress);
    }
    return this.finishAfterWaiting(pending, progress);
  }

  /** @param keys - those under which the signature has failed; undefined where there are none yet. */
  private async finishLater(
    pending: Pending,
    keys: readonly PreparedKey[] | undefined,
    patience: Patience,
    progress: Progress,
  ): Promise<ValidatedToken> {
    const { issuer, parsed } = pending;
    const { wait, party } = patience;
    const arrived = keys ?? (await wait(() => this.jwks.waitForCandidates(issuer, parsed.header, party)));
    if (keys !== undefined || !isSignedBy(arrived, parsed)) {
      // Providers do put a new key under an old id: until a refresh has shown that this one did not, nothing is decided.
      const replaced = await wait(() => this.jwks.findReplacedKey(issuer, parsed, arrived, party));
      if (replaced === undefined) throw refuseKey('signature_invalid', issuer);
    }
    return this.finishAfterWaiting(pending, progress);
  }

  private async finishAfterWaiting(pending: Pending, progress: Progress): Promise<ValidatedToken> {
    const { parsed, plan } = pending;
    // Time has passed: what was checked against it is checked again.
    checkClaims(parsed.unverifiedClaims, plan.rules, this.clock.wallMs());
    const validated = this.finish(pending, progress);
    await runHooks(plan.hooks, validated);
    return validated;
  }

  /** The signature holds: from here on the claims are the issuer's word. */
  private finish({ parsed, issuer, plan }: Pending, progress: Progress): ValidatedToken {
    progress.verified = true;
    if (this.options.tenants !== undefined) this.jwks.prove(issuer.issuer);
    const validated: ValidatedToken = Object.freeze({
      claims: deepFreeze(parsed.unverifiedClaims) as ValidatedToken['claims'],
      header: this.knowHeader(parsed),
      issuer: issuer.issuer,
      token: parsed.token,
    });
    demandScopes(plan, validated.claims);
    return validated;
  }

  private knowHeader({ token, header, type }: UnverifiedToken): TokenHeader {
    // What is frozen came from the known headers.
    if (Object.isFrozen(header)) return header;
    this.headers.remember(token.slice(0, token.indexOf('.')), { header: deepFreeze(header), type });
    return header;
  }

  /** @throws {IdentityError} `invalid_override`. */
  private resolvePlans(overrides: ValidationOverrides | undefined): PlanOf {
    if (overrides === undefined) return this.planOf;
    const read = readOverrides(overrides);
    const isAccepted = ({ issuer }: ResolvedIssuer): boolean =>
      read.issuers === undefined || read.issuers.includes(issuer);
    const plans = new Map<ResolvedIssuer, ValidationRules>();
    for (const issuer of this.directory.configured.filter(isAccepted)) {
      plans.set(issuer, tighten(this.configuredRulesOf(issuer), read));
    }
    const mayBeTenants = read.issuers?.some((name) => this.directory.isPossible(name)) ?? true;
    if (this.options.tenants === undefined || !mayBeTenants) assertSatisfiable([...plans.values()]);
    return (issuer) => {
      if (!isAccepted(issuer)) return undefined;
      const plan = plans.get(issuer) ?? tighten(this.configuredRulesOf(issuer), read);
      plans.set(issuer, plan);
      return plan;
    };
  }

  private configuredRulesOf(issuer: ResolvedIssuer): ValidationRules {
    const known = this.configuredPlans.get(issuer) ?? this.tenantPlans.get(issuer);
    if (known !== undefined) return known;
    const plan = configuredRules(issuer, this.options);
    this.tenantPlans.set(issuer, plan);
    return plan;
  }

  private startProgress(): Progress {
    return { issuer: undefined, verified: false, startMs: this.clock.monotonicMs() };
  }

  private reportValidated({ issuer }: ValidatedToken, { startMs }: Progress): void {
    this.validated++;
    this.recorder.recordValidation(issuer, OK, true, startMs);
    this.reporter.reportIfObserved(() => ({ type: 'token.validated', issuer }));
  }

  private reportRejected(error: unknown, { issuer, verified, startMs }: Progress): unknown {
    this.rejected++;
    const code = error instanceof IdentityError ? error.code : 'check_refused';
    this.recorder.recordValidation(issuer, code, verified, startMs);
    this.reporter.reportIfObserved(() => ({
      type: 'token.rejected',
      code,
      reason: reasonOf(error),
      issuer,
      verified,
    }));
    return error;
  }
}

const EXCLUDED_BY_CALL = 'The issuer is configured, but the override "issuer" of this call does not name it.';
const KEY_MAY_BE_REPLACED =
  'The signature fails under the key that is known; the keys are being fetched, to see if it was replaced.';

/** From how many tokens on the thread pool is faster than a loop; measured, see docs/performance.md. */
const POOL_PAYS_FROM = { RSA: 1_000, other: 48 };

/** Decides by the number of tokens, as far as that is known: of an iterator, those that have come already. */
function poolDecision(
  tokens: TokenSource,
  choice: NonNullable<BatchOptions['threadPool']>,
): Patience['goesOffLoop'] {
  if (choice !== 'auto') return () => choice === 'always';
  let seen = Array.isArray(tokens) ? tokens.length : 0;
  return ([key]) => {
    if (!Array.isArray(tokens)) seen++;
    return seen >= (key?.algorithm.kty === 'RSA' ? POOL_PAYS_FROM.RSA : POOL_PAYS_FROM.other);
  };
}

/** Scopes that the call demands; those of a route are the guard's business. */
function demandScopes({ scopes, scopeClaim }: ValidationRules, claims: ValidatedToken['claims']): void {
  if (scopes.length === 0) return;
  const granted = readGranted(claims, scopeClaim);
  if (!scopes.every((scope) => granted.has(scope))) {
    throw refuse(
      'scope_missing',
      `The token lacks one of the scopes that the call demands: ${listOf(scopes)}.`,
    );
  }
}

/** `scopeClaim` may be a function of the application, and break like its other ones. */
function readGranted(...args: Parameters<typeof readScopes>): ReturnType<typeof readScopes> {
  try {
    return readScopes(...args);
  } catch (error) {
    throw toCheckError(error, '"scopeClaim"');
  }
}

/** A token whose signature holds, and what its call demands. */
interface Verified {
  readonly validated: ValidatedToken;
  readonly plan: ValidationRules;
}

/** What is known of a token when it is refused. */
interface Progress {
  issuer: string | undefined;
  verified: boolean;
  readonly startMs: number;
}
