import type { ErrorCode } from '../errors/error-codes.js';

/** A token passed every check. */
export interface TokenValidatedEvent {
  readonly type: 'token.validated';
  readonly issuer: string;
}

/** A token was rejected, or could not be decided. */
export interface TokenRejectedEvent {
  readonly type: 'token.rejected';
  readonly code: ErrorCode;
  /**
   * The fact that decided, for an operator: the name of the claim or option, a limit. Never a value of the token,
   * at most 500 characters. If the application's own check threw, it says no more than that.
   */
  readonly reason: string;
  /** A configured issuer; undefined if the token named none of them. */
  readonly issuer: string | undefined;
  /** Whether the signature was verified before: if not, the event describes bytes that anybody can send. */
  readonly verified: boolean;
}

/**
 * A request without a token that could be validated: `token_missing`, or `authorization_malformed` if, say, a proxy has
 * doubled the header. Anybody can cause it.
 */
export interface RequestRejectedEvent {
  readonly type: 'request.rejected';
  readonly code: ErrorCode;
  /** What the code means. */
  readonly reason: string;
}

/** A valid token does not meet the requirements of its route. */
export interface AccessDeniedEvent {
  readonly type: 'access.denied';
  readonly code: ErrorCode;
  /** The requirement that is not met, from the decorators of the route, at most 500 characters. Never a value of the token. */
  readonly reason: string;
  readonly issuer: string;
}

/**
 * A call was allowed that does not meet a requirement, because the requirement is only reported. One event for each code that
 * enforcing it would answer with.
 */
export interface AccessWouldDenyEvent {
  readonly type: 'access.would-deny';
  /** What access would be denied with; `token_missing` for a call without a token. */
  readonly code: ErrorCode;
  /** As that of `access.denied`. */
  readonly reason: string;
  /** undefined for a call without a token. */
  readonly issuer: string | undefined;
  /** `Class.method`. */
  readonly route: string;
  /** The name of the decorator, such as `RequireScopes`. */
  readonly requirement: string;
  /** A name of the option `clientNames`; `other` for clients without one, `none` if no client is named. Never a client id. */
  readonly client: string;
}

/**
 * The application's `mapUser` made no user of a valid token: it said no (`user.refused`: null, or an exception below 500),
 * or it broke (`user.failed`).
 */
export interface UserEvent {
  readonly type: 'user.refused' | 'user.failed';
  readonly issuer: string;
  /** What the function said, for an operator; claim values in it are replaced. */
  readonly reason: string;
}

/** A document of a provider was fetched. */
export interface RefreshedEvent {
  readonly type: 'discovery.refreshed' | 'jwks.refreshed';
  readonly issuer: string;
}

/** A document of a provider could not be fetched, or was not usable. The last good one stays. */
export interface RefreshFailedEvent {
  readonly type: 'discovery.failed' | 'jwks.failed';
  readonly issuer: string;
  /** What happened, for an operator; at most 1,000 characters. */
  readonly reason: string;
  /** Failures in a row. */
  readonly failures: number;
  /** Milliseconds to the next attempt. */
  readonly retryInMs: number;
}

/** The function `issuers` of the application failed: tokens of tenants that are not known yet get a 503. */
export interface IssuersFailedEvent {
  readonly type: 'issuers.failed';
  /** What happened, for an operator. The issuer's name is left out, because it is not verified. */
  readonly reason: string;
}

/** The usable keys of an issuer changed. */
export interface KeysRotatedEvent {
  readonly type: 'jwks.rotated';
  readonly issuer: string;
  /**
   * Ids of keys that came, unprintable characters escaped, at most 512 characters each; a key without an id is named by
   * its RFC 7638 thumbprint.
   */
  readonly added: readonly string[];
  /** Ids of keys that left. */
  readonly removed: readonly string[];
}

/** A key of a set cannot be used for verification, and why. */
export interface KeySkippedEvent {
  readonly type: 'jwks.key-skipped';
  readonly issuer: string;
  /** Unprintable characters escaped, at most 512 characters; undefined for a key without one. */
  readonly kid: string | undefined;
  readonly reason: string;
}

/**
 * More keys of an issuer may have signed a token than are tried for one, because it has no key id or because keys
 * share one. Tokens of the keys that are left out are `signature_invalid`. Reported once for each set, key id and algorithm.
 */
export interface CandidatesCutEvent {
  readonly type: 'jwks.candidates-cut';
  readonly issuer: string;
  readonly alg: string;
  /** Unprintable characters escaped, at most 512 characters; undefined for tokens without one. */
  readonly kid: string | undefined;
  /** Keys that may have signed such a token. */
  readonly fitting: number;
  /** How many of them are tried. */
  readonly tried: number;
}

/** The store that replicas share did not answer, or a probe of it failed again. docs/operations/scale.md says what is decided meanwhile. */
export interface StoreFailedEvent {
  readonly type: 'store.failed';
  /** What its client said, for an operator; at most 500 characters. */
  readonly reason: string;
  /** Failures in a row. */
  readonly failures: number;
  /** Milliseconds in which it is not asked. */
  readonly retryInMs: number;
}

/** The store answers again. */
export interface StoreRecoveredEvent {
  readonly type: 'store.recovered';
  /** Milliseconds since the first failure. */
  readonly downMs: number;
}

/**
 * The memory of proofs that were used is full, for all or for one key of a client, and no store has decided in its place: proofs are
 * answered with 503 `store_unavailable`, at most one event a minute for each of the two.
 */
export interface ReplaysFullEvent {
  readonly type: 'replays.full';
  /** How many fit. */
  readonly maxEntries: number;
  /** Whether a single key has used as many as one may (`dpop.maxProofsPerKey`): other clients are not affected. */
  readonly ofOneKey: boolean;
}

export type IdentityEvent =
  | TokenValidatedEvent
  | TokenRejectedEvent
  | RequestRejectedEvent
  | AccessDeniedEvent
  | AccessWouldDenyEvent
  | UserEvent
  | RefreshedEvent
  | RefreshFailedEvent
  | IssuersFailedEvent
  | KeysRotatedEvent
  | KeySkippedEvent
  | CandidatesCutEvent
  | StoreFailedEvent
  | StoreRecoveredEvent
  | ReplaysFullEvent;
