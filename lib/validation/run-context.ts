import type { Clock } from '../cache/clock.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import type { TokenHeader, ValidatedToken } from '../model/token.js';
import type { ResolvedIssuer, ResolvedOptions } from '../options/resolved-options.js';
import type { HeaderCache } from '../tokens/header-cache.js';
import type { UnverifiedToken } from '../tokens/parse-token.js';
import type { PreparedKey } from '../tokens/verify-signature.js';
import type { BatchPool } from './thread-pool-policy.js';
import type { TokenCache } from './token-cache.js';
import type { ValidationRules } from './validation-rules.js';

/** Tokens that share one place of `jwks.maxWaiting` for each key; its content belongs to the {@link KeyFinder}. */
export type Party = Map<string, unknown>;

/** How a token waits for keys. */
export interface KeyWait {
  /** Monotonic time at which the first of them began: a token that waits again has what is left of the time for both. */
  readonly sinceMs: number;
  readonly party?: Party | undefined;
}

/** What the pipeline asks about the keys of an issuer. */
export interface KeyFinder {
  /**
   * The keys that may have signed a token, without waiting: empty if it is known that there is none, undefined if a
   * fetch has to decide.
   */
  candidates(header: TokenHeader): readonly PreparedKey[] | undefined;
  /** The same, waiting for the provider. @throws {IdentityError} `key_not_found`, `keys_unavailable`, `keys_busy`. */
  waitForCandidates(header: TokenHeader, wait: KeyWait): Promise<readonly PreparedKey[]>;
  /** Fetches in the background. @returns milliseconds after which the answer is known, if that can be told. */
  requestCandidates(header: TokenHeader): number | undefined;
  /**
   * The key that verifies a token whose signature failed under the keys its header names: the provider may have put
   * another key under the id. Waits for a shared refresh; undefined if that brought no such key.
   */
  findReplacedKey(
    token: UnverifiedToken,
    tried: readonly PreparedKey[],
    wait: KeyWait,
  ): Promise<PreparedKey | undefined>;
  /** The same in the background. @returns milliseconds after which the answer is known; undefined if the signature is bad. */
  requestReplacedKey(token: UnverifiedToken): number | undefined;
  /** An object that stands for the keys as they are now: another one as soon as one of them changes. */
  generation(): object | undefined;
}

/** An issuer as the pipeline sees it: one object for as long as its options are the same. */
export interface KnownIssuer {
  readonly options: ResolvedIssuer;
  /** What the configuration demands of its tokens. */
  readonly rules: ValidationRules;
  readonly keys: KeyFinder;
}

/** What the pipeline asks about issuers; the registry of issuers answers. */
export interface IssuerFinder {
  /** All issuers that the configuration names. */
  readonly configured: readonly KnownIssuer[];
  /** Counts look-ups of the keys of all issuers. */
  readonly keyLookUps: LookUpCounter;
  /**
   * The issuer that an unverified `iss` names; a promise if a tenant has to be asked for.
   *
   * @param beforeAsking - called before the application is asked for a tenant; an error that it throws rejects the token.
   */
  find(
    unverifiedIssuer: string,
    beforeAsking?: () => void,
  ): KnownIssuer | undefined | Promise<KnownIssuer | undefined>;
  /** A token of the issuer was verified: only that keeps a tenant in memory. */
  prove(issuer: KnownIssuer): void;
  /** Whether an issuer may be accepted, without asking for it. */
  isPossible(issuer: string): boolean;
  /** The error for an `iss` that names no issuer of ours. */
  unknown(unverifiedIssuer: unknown): IdentityError;
}

/** Counts look-ups of keys: a hit was answered at once, a miss asks the provider. */
export interface LookUpCounter {
  recordHit(): void;
  recordMiss(): void;
}

/** Asks the store whether a proof was used before. Until it is called, the proof is not used. @throws {IdentityError} the codes of proofs. */
export type AskStore = () => Promise<void>;

/** Decides whether the sender of a verified token may use it. */
export interface SenderVerifier {
  /**
   * @param presented - undefined for a token that came without a request.
   * @returns undefined if that is decided; otherwise what is left to do, which rejects with the same errors.
   * @throws {IdentityError} `sender_constrained`, `sender_unconstrained`, the codes of proofs.
   */
  verify(validated: ValidatedToken, presented: Credentials | undefined): AskStore | undefined;
}

/** What differs from call to call. */
export interface CallSettings {
  /** The rules for tokens of an issuer; undefined if the call excludes the issuer. */
  readonly rulesFor: (issuer: KnownIssuer) => ValidationRules | undefined;
  readonly party?: Party | undefined;
  /** The thread pool, for calls that may check signatures there. */
  readonly pool?: BatchPool | undefined;
  /** Only the key is decided here: type and claims are checked by the caller. */
  readonly keyOnly?: boolean | undefined;
}

/** What all runs of the pipeline share. */
export interface RunContext {
  readonly options: ResolvedOptions;
  readonly issuers: IssuerFinder;
  readonly lookUps: LookUpCounter;
  readonly clock: Clock;
  /** Headers that need not be parsed again. */
  readonly headers?: HeaderCache | undefined;
  readonly tokenCache?: TokenCache | undefined;
  /** undefined if bound tokens are not accepted. */
  readonly sender?: SenderVerifier | undefined;
}

/** Injection token of the {@link RunContext} of `TokenValidationService`. */
export const RUN_CONTEXT = Symbol('nestjs-identity-model: run context');
