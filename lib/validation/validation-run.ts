import { refuse } from '../errors/identity-error.js';
import { ALGORITHM_NAMES } from '../model/algorithms.js';
import { deepFreeze, type JsonObject } from '../model/json.js';
import { isThenable } from '../model/thenable.js';
import type { Credentials } from '../model/credentials.js';
import type { TokenHeader, ValidatedToken } from '../model/token.js';
import { checkAlgorithm } from '../tokens/check-algorithm.js';
import { checkClaims, checkCommonClaims } from '../tokens/check-claims.js';
import { checkTokenType } from '../tokens/check-token-type.js';
import { rememberHeader } from '../tokens/header-cache.js';
import { parseToken, type UnverifiedToken } from '../tokens/parse-token.js';
import { refuseKey } from '../tokens/refuse-key.js';
import { findSigningKey, findSigningKeyOffLoop, type PreparedKey } from '../tokens/verify-signature.js';
import { checkScopes } from './check-scopes.js';
import { checkSender } from './check-sender.js';
import { found } from './found.js';
import type { CallSettings, KeyWait, KnownIssuer, RunContext } from './run-context.js';
import { runHooks } from './run-hooks.js';
import type { RememberedToken } from './token-cache.js';
import type { ValidationRules } from './validation-rules.js';
import {
  waitForHooks,
  waitForIssuer,
  waitForKeys,
  waitForReplacedKey,
  waitForSender,
  waitForThreadPool,
  type Wait,
} from './waits.js';

/**
 * One token on its way through the pipeline: a method for each step, and what the steps have found so far. Their order
 * stands in the table of steps.ts and nowhere else; a method relies on the rows above its own.
 */
export class ValidationRun {
  /** The issuer that the token names; it vouches for the token only once `verified` is true. */
  issuer: KnownIssuer | undefined = undefined;
  /** Whether the signature was verified: if not, the token says what anybody can write. */
  verified = false;
  /** The token in the token cache: its form, key and signature were proven before. */
  private recalled: RememberedToken | undefined = undefined;
  parsed: UnverifiedToken | undefined = undefined;
  /** The key that verifies the signature. */
  key: PreparedKey | undefined = undefined;
  private candidates: readonly PreparedKey[] | undefined = undefined;
  private issuerRules: ValidationRules | undefined = undefined;
  private result: ValidatedToken | undefined = undefined;
  /** Whether time has passed since the claims were compared with the clock. */
  // Stryker disable next-line BooleanLiteral: the check of the claims sets it before anything reads it.
  private claimsAreStale = false;
  private waitsSinceMs: number | undefined = undefined;

  constructor(
    private readonly token: unknown,
    private readonly context: RunContext,
    private readonly call: CallSettings,
    /** What the token came with; undefined for a token alone. */
    private readonly presented?: Credentials,
  ) {}

  get validated(): ValidatedToken {
    return found(this.result);
  }

  get rules(): ValidationRules {
    return found(this.issuerRules);
  }

  private get header(): TokenHeader {
    return this.recalled === undefined ? found(this.parsed).header : this.recalled.validated.header;
  }

  private get type(): string | null {
    return this.recalled === undefined ? found(this.parsed).type : this.recalled.type;
  }

  /** Not verified before `verified` is true. */
  private get claims(): JsonObject {
    return this.recalled === undefined ? found(this.parsed).unverifiedClaims : this.recalled.validated.claims;
  }

  /** For drivers: after each wait. */
  hasWaited(): void {
    this.claimsAreStale = true;
  }

  /**
   * Takes over what an earlier check of the signature proved, if it was made with the keys of now.
   *
   * @returns whether there is such a check: then form, key and signature are proven.
   */
  recall(): boolean {
    const { tokenCache, issuers, lookUps } = this.context;
    const { token } = this;
    if (tokenCache === undefined || typeof token !== 'string') return false;
    const entry = tokenCache.find(token);
    const issuer = entry && issuers.find(entry.validated.issuer);
    if (entry && issuer && !isThenable(issuer)) {
      const generation = issuer.keys.generation();
      if (generation === entry.generation) {
        tokenCache.recordHit();
        lookUps.recordHit();
        this.recalled = entry;
        this.issuer = issuer;
        this.accept(issuer, entry.validated);
        return true;
      }
      if (generation !== undefined) tokenCache.forget(token);
    } else if (isThenable(issuer)) {
      issuer.catch(() => undefined);
    }
    tokenCache.recordMiss();
    return false;
  }

  parse(): undefined {
    const { options, headers } = this.context;
    this.parsed = parseToken(this.token, options.maxTokenBytes, headers);
  }

  findIssuer(): Wait | undefined {
    if (this.issuer !== undefined) return this.useRulesOf(this.issuer);
    const { issuers, options } = this.context;
    const { iss } = this.claims;
    if (typeof iss !== 'string') throw issuers.unknown(iss);
    const checksFirst = options.tenants !== undefined && this.call.keyOnly !== true;
    const issuer = issuers.find(iss, checksFirst ? () => this.checkBeforeAsking() : undefined);
    if (!isThenable(issuer)) return this.useRulesOf(issuer);
    return waitForIssuer(issuer, (answer) => this.useRulesOf(answer));
  }

  /** RFC 8725 section 3.1: the algorithm is chosen by the configuration, not by the token. */
  checkAlgorithm(): undefined {
    checkAlgorithm(this.header.alg, this.rules.tokenRules.algorithms);
  }

  checkType(): undefined {
    checkTokenType(this.type, this.claims, this.rules.tokenRules);
  }

  checkClaims(): undefined {
    checkClaims(this.claims, this.rules.tokenRules, this.context.clock.wallMs());
    this.claimsAreStale = false;
  }

  findKeys(): Wait | undefined {
    const { lookUps } = this.context;
    const issuer = found(this.issuer);
    const { header } = this;
    const candidates = issuer.keys.candidates(header);
    if (candidates !== undefined) {
      lookUps.recordHit();
      if (candidates.length === 0) throw refuseKey('key_not_found', issuer.options);
      this.candidates = candidates;
      return;
    }
    return waitForKeys(
      issuer,
      header,
      lookUps,
      () => this.keyWait(),
      (arrived) => void (this.candidates = arrived),
    );
  }

  /** RFC 7515 section 5.2. */
  checkSignature(): Wait | undefined {
    const candidates = found(this.candidates);
    const parsed = found(this.parsed);
    // After a wait the token is late already, and its batch has gone on: it does not queue for a thread as well.
    const { pool } = this.call;
    if (!this.claimsAreStale && pool?.takes(candidates) === true) {
      return waitForThreadPool(
        () => pool.run(() => findSigningKeyOffLoop(candidates, parsed)),
        () => this.doubt(candidates, parsed),
        (key) => void (this.key = key),
      );
    }
    this.key = findSigningKey(candidates, parsed);
    return this.key === undefined ? this.doubt(candidates, parsed) : undefined;
  }

  /** The signature holds: from here on the claims are the issuer's word. */
  conclude(): undefined {
    const issuer = found(this.issuer);
    const parsed = found(this.parsed);
    // A token may expire while it waits for its keys.
    if (this.claimsAreStale)
      checkClaims(parsed.unverifiedClaims, this.rules.tokenRules, this.context.clock.wallMs());
    const validated: ValidatedToken = Object.freeze({
      claims: deepFreeze(parsed.unverifiedClaims) as ValidatedToken['claims'],
      header: rememberHeader(this.context.headers, parsed),
      issuer: issuer.options.issuer,
      token: parsed.token,
    });
    this.accept(issuer, validated);
  }

  /** RFC 9449 section 7: a token that is bound to a key is worth nothing without a proof of it. */
  checkSender(): Wait | undefined {
    const askStore = checkSender(this.context.sender, this.validated, this.presented);
    return askStore === undefined ? undefined : waitForSender(askStore);
  }

  /** Scopes that the call requires; those of a route are checked by the guard. */
  checkScopes(): undefined {
    checkScopes(this.rules, this.validated.claims);
  }

  /**
   * Only in the same turn of the event loop as the check of the signature: so the keys of now are those that verified it.
   */
  remember(): undefined {
    const { tokenCache } = this.context;
    if (tokenCache === undefined || this.claimsAreStale) return;
    const generation = found(this.issuer).keys.generation();
    if (generation !== undefined)
      tokenCache.remember({ validated: this.validated, type: this.type, generation });
  }

  runHooks(): Wait | undefined {
    const later = runHooks(this.rules.hooks, this.validated);
    if (later === undefined) return undefined;
    return waitForHooks(later);
  }

  /**
   * No tenant's options can change what is checked here, so it comes before the application is asked for a tenant: a
   * stranger without a good token must not learn from the time of the answer which tenants there are.
   */
  private checkBeforeAsking(): void {
    const { options, clock } = this.context;
    const { claims } = this;
    checkAlgorithm(this.header.alg, ALGORITHM_NAMES);
    checkTokenType(this.type, claims, options);
    checkCommonClaims(claims, options, clock.wallMs());
  }

  private useRulesOf(issuer: KnownIssuer | undefined): undefined {
    if (issuer === undefined) throw this.context.issuers.unknown(this.claims['iss']);
    this.issuer = issuer;
    this.issuerRules = this.call.rulesFor(issuer);
    if (this.issuerRules === undefined) throw refuse('issuer_not_accepted');
  }

  private doubt(tried: readonly PreparedKey[], parsed: UnverifiedToken): Wait {
    const use = (key: PreparedKey): void => void (this.key = key);
    return waitForReplacedKey(found(this.issuer), parsed, tried, () => this.keyWait(), use);
  }

  private keyWait(): KeyWait {
    const sinceMs = (this.waitsSinceMs ??= this.context.clock.monotonicMs());
    return { sinceMs, party: this.call.party };
  }

  private accept(issuer: KnownIssuer, validated: ValidatedToken): void {
    this.verified = true;
    if (this.context.options.tenants !== undefined) this.context.issuers.prove(issuer);
    this.result = validated;
  }
}
