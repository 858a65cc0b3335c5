import type { KeyObject } from 'node:crypto';
import { ServiceUnavailableException } from '@nestjs/common';
import type { SecretOrKeyProvider } from 'passport-jwt';
import { IdentityError } from '../errors/identity-error.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';
import { checkAlgorithm } from '../tokens/check-algorithm.js';
import { parseToken, type UnverifiedToken } from '../tokens/parse-token.js';
import { isSignedBy, type PreparedKey } from '../tokens/verify-signature.js';
import { refuseKey } from './key-messages.js';
import { keyObjectOf, type KeyQuery } from './select-keys.js';

type MaybePromise<T> = T | Promise<T>;

/** Where keys come from; the service is one. */
export interface KeyFinder {
  candidates(issuer: ResolvedIssuer, query: KeyQuery): readonly PreparedKey[] | undefined;
  waitForCandidates(issuer: ResolvedIssuer, query: KeyQuery): Promise<readonly PreparedKey[]>;
  findReplacedKey(
    issuer: ResolvedIssuer,
    parsed: UnverifiedToken,
    tried: readonly PreparedKey[],
  ): Promise<PreparedKey | undefined>;
}

export interface ProviderParts {
  readonly keys: KeyFinder;
  readonly findIssuer: (unverifiedIssuer: string) => MaybePromise<ResolvedIssuer | undefined>;
  /** The error for a name that is none of ours. */
  readonly unknownIssuer: (unverifiedIssuer: unknown) => IdentityError;
  readonly maxTokenBytes: number;
}

/** What passport gives a strategy for a request. */
interface PassportActions {
  error(error: unknown): void;
}

/**
 * A `secretOrKeyProvider` for the strategy of passport-jwt. It hands out a public key of the issuer that the
 * token names, made for the token's algorithm, and never a secret; everything else is up to the strategy.
 *
 * passport-jwt 4.0.1 makes a 401 of every error that its callback is given. So a token that is refused goes
 * there, and all else to the strategy's own `error`: passport-jwt calls the provider as its method, which is
 * why this is a `function` and asks for `this`. Where there is no strategy, the callback gets it.
 */
export function createSecretOrKeyProvider(parts: ProviderParts): SecretOrKeyProvider {
  return function provide(this: unknown, _request, rawToken: unknown, done) {
    // jsonwebtoken 9 takes a KeyObject, and parses nothing then; its types have not heard of it here.
    const hand = (key: KeyObject): void => done(null, key as unknown as Buffer);
    const refuseIt = (error: unknown): void => {
      if (isPassport(this) && !isRejection(error)) this.error(toAnswer(error));
      else done(error);
    };
    let found: MaybePromise<KeyObject>;
    try {
      found = findKey(rawToken, parts);
    } catch (error) {
      refuseIt(error);
      return;
    }
    if (found instanceof Promise) found.then(hand, refuseIt).catch(refuseIt);
    else hand(found);
  };
}

/** Without a promise where all is known, as it mostly is. */
function findKey(
  rawToken: unknown,
  { keys, findIssuer, unknownIssuer, maxTokenBytes }: ProviderParts,
): MaybePromise<KeyObject> {
  const parsed = parseToken(rawToken, maxTokenBytes);
  const { iss } = parsed.unverifiedClaims;
  if (typeof iss !== 'string') throw unknownIssuer(iss);
  const of = (issuer: ResolvedIssuer | undefined): MaybePromise<KeyObject> => {
    if (issuer === undefined) throw unknownIssuer(iss);
    // Symmetric algorithms and none are on no allow-list (RFC 8725 section 3.1).
    checkAlgorithm(parsed.header.alg, issuer.algorithms);
    const candidates = keys.candidates(issuer, parsed.header);
    const choose = (found: readonly PreparedKey[]): MaybePromise<KeyObject> => {
      const key = found.find((each) => isSignedBy([each], parsed));
      return key === undefined ? findReplaced(keys, issuer, parsed, found) : keyObjectOf(key);
    };
    return candidates === undefined
      ? keys.waitForCandidates(issuer, parsed.header).then(choose)
      : choose(candidates);
  };
  const issuer = findIssuer(iss);
  return issuer instanceof Promise ? issuer.then(of) : of(issuer);
}

/**
 * The strategy takes one key: the one that verifies. Without a check here a key that was put under an old id would be
 * found by the next routine refresh only, and the strategy would answer 401 until then.
 */
async function findReplaced(
  keys: KeyFinder,
  issuer: ResolvedIssuer,
  parsed: UnverifiedToken,
  tried: readonly PreparedKey[],
): Promise<KeyObject> {
  const key = await keys.findReplacedKey(issuer, parsed, tried);
  if (key === undefined) throw refuseKey('signature_invalid', issuer);
  return keyObjectOf(key);
}

function isRejection(error: unknown): boolean {
  return error instanceof IdentityError && error.kind === 'rejected';
}

/** Nest's filters answer 503 to this one, and 500 to what is left as it is. */
function toAnswer(error: unknown): unknown {
  const isOutage = error instanceof IdentityError && error.kind === 'unavailable';
  return isOutage ? new ServiceUnavailableException(undefined, { cause: error }) : error;
}

function isPassport(value: unknown): value is PassportActions {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'error') === 'function';
}
