import { isSameCertificate, type Credentials } from '../model/credentials.js';
import type { ValidatedToken } from '../model/token.js';

/**
 * What one guard decided about one call of one handler.
 *
 * - `public`: the route is public, the token was not looked at.
 * - `anonymous`: the route is optional and no token came.
 * - `validated`: a token passed every check.
 * - `substituted`: the application's own code let the call pass without a token.
 * - `denied`: the guard did not let the call in. Whatever else did, it was not this guard.
 */
export interface Decision {
  readonly kind: 'public' | 'anonymous' | 'validated' | 'substituted' | 'denied';
  readonly guard: object;
  readonly handler: object;
  readonly controller: object;
  /** The execution context that the guard was asked about; undefined if the holder outlives the call. */
  readonly call: object | undefined;
  /** The authenticator of the module that validated the token: passport works on copies of the strategy. */
  readonly by: object;
  /** Of `validated` only. */
  readonly validated: ValidatedToken | undefined;
  /** How the token came. Of `validated` only. */
  readonly scheme: Credentials['scheme'] | undefined;
  /** The certificate that it came with, if certificates prove anything. Of `validated` only. */
  readonly certificate: Credentials['certificate'];
  /** The protected resource that the route belongs to; undefined if none is configured. Of `validated` only. */
  readonly resource: string | undefined;
  /** What the option `mapUser` made of the token for this call, before any `handleRequest`. */
  readonly user: unknown;
  /** Whether the token came with the request itself, not with an object that an override of `getRequest` made. */
  readonly isOwn: boolean;
  /** Whether `request.user` was left by it, or by a decision before it about the same call and token. */
  readonly leavesUser: boolean;
  /** The decision before this one on the same holder; set by {@link recordDecision}. */
  earlier: Decision | undefined;
}

/** Brands an object with a private field: a class that extends this one puts its fields on the object it is given. */
// oxlint-disable-next-line typescript/no-extraneous-class
class ReturnsItsArgument {
  constructor(given: object) {
    return given;
  }
}

/**
 * The decisions as a private field of the object that lives as long as the request: never `request.user`,
 * which belongs to the application, and which anybody with the request in hand can set. A WeakMap does the
 * same, but its entries outlive the request until a full garbage collection, which shows under load.
 */
class Decided extends ReturnsItsArgument {
  #latest!: Decision;

  static put(holder: object, decision: Decision): void {
    if (!(#latest in holder)) {
      new Decided(holder).#latest = decision;
      return;
    }
    decision.earlier = without(holder.#latest, decision);
    holder.#latest = decision;
  }

  static of(holder: object): Decision | undefined {
    return #latest in holder ? holder.#latest : undefined;
  }
}

/** Adds a decision; it replaces what the same guard decided about the same handler before, so the list stays short. */
export function recordDecision(holder: object, decision: Decision): void {
  Decided.put(holder, decision);
}

/** The latest decision; its `earlier` leads to the others. */
export function latestDecision(holder: object): Decision | undefined {
  return Decided.of(holder);
}

/** Whether some guard let a token in earlier in this very call. */
export function hasDecided(holder: object, call: object): boolean {
  for (let at = latestDecision(holder); at !== undefined; at = at.earlier) {
    if (at.call === call && at.validated !== undefined) return true;
  }
  return false;
}

type Presented = Pick<Credentials, 'scheme' | 'token' | 'certificate'>;

/** What a guard decided earlier about this very call and this very token under the same scheme and certificate, in the same module. */
export function decisionInCall(
  holder: object,
  { call, by, scheme, token, certificate }: Presented & Record<'call' | 'by', object>,
): Decision | undefined {
  for (let at = latestDecision(holder); at !== undefined; at = at.earlier) {
    if (at.call !== call || at.by !== by || at.scheme !== scheme || at.validated?.token !== token) continue;
    if (isSameCertificate(at.certificate, certificate)) return at;
  }
  return undefined;
}

/**
 * The decision that the decorators of a handler go by: of several guards the last one that validated a token which came
 * with the request itself, then the last one that validated another, then the last one that let the call in without one.
 */
export function decisionFor(holder: object, handler: object, controller: object): Decision | undefined {
  let best: Decision | undefined;
  for (let at = latestDecision(holder); at !== undefined; at = at.earlier) {
    if (at.handler !== handler || at.controller !== controller) continue;
    if (best === undefined || rankOf(at) > rankOf(best)) best = at;
  }
  return best;
}

/**
 * What handlers go by that no guard is asked about, such as the fields of a GraphQL object: the token of the operation,
 * as long as its guards agree on one.
 */
export function sharedDecision(holder: object): Decision | 'ambiguous' | undefined {
  let found: Decision | undefined;
  for (let at = latestDecision(holder); at !== undefined; at = at.earlier) {
    if (at.kind === 'denied') continue;
    if (at.validated === undefined) found ??= at;
    else if (found?.validated === undefined) found = at;
    else if (found.validated.token !== at.validated.token) return 'ambiguous';
  }
  return found;
}

function rankOf({ kind, isOwn }: Decision): number {
  if (kind === 'denied') return 0;
  if (kind !== 'validated') return 1;
  return isOwn ? 3 : 2;
}

function without(first: Decision, replaced: Decision): Decision | undefined {
  if (isSame(first, replaced)) return first.earlier;
  for (let at = first; at.earlier !== undefined; at = at.earlier) {
    if (!isSame(at.earlier, replaced)) continue;
    at.earlier = at.earlier.earlier;
    break;
  }
  return first;
}

function isSame(one: Decision, other: Decision): boolean {
  return one.guard === other.guard && one.handler === other.handler && one.controller === other.controller;
}
