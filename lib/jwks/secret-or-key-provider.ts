import type { KeyObject } from 'node:crypto';
import { ServiceUnavailableException } from '@nestjs/common';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { drive } from '../validation/drive.js';
import { RuleSets } from '../validation/rule-sets.js';
import type { CallSettings, RunContext } from '../validation/run-context.js';
import { stepsUpTo } from '../validation/steps.js';
import { ValidationRun } from '../validation/validation-run.js';
import { keyObjectOf } from './select-keys.js';

/** What passport gives a strategy for a request. */
interface PassportActions {
  error(error: unknown): void;
}

/** What the option `secretOrKeyProvider` of passport-jwt takes. */
export type SecretOrKeyProvider = (
  request: unknown,
  rawJwtToken: unknown,
  done: (error: unknown, secretOrKey?: string | Buffer) => void,
) => void;

/**
 * A `secretOrKeyProvider` for the strategy of passport-jwt. It returns a public key of the issuer that the
 * token names, made for the token's algorithm, and never a secret; everything else is up to the strategy.
 *
 * passport-jwt 4.0.1 makes a 401 of every error that its callback is given. So a token that is refused goes
 * there, and all else to the strategy's own `error`: passport-jwt calls the provider as its method, which is
 * why this is a `function` and asks for `this`. Where there is no strategy, the callback gets it.
 */
export function createSecretOrKeyProvider(context: RunContext): SecretOrKeyProvider {
  const { configured: rulesFor } = new RuleSets(context.options, context.issuers);
  return function provide(this: unknown, _request, rawToken: unknown, done) {
    // jsonwebtoken 9 takes a KeyObject, and parses nothing then; its types have not heard of it here.
    const hand = (key: KeyObject): void => done(null, key as unknown as Buffer);
    const refuseIt = (error: unknown): void => {
      if (isPassport(this) && !isRejection(error)) this.error(toAnswer(error));
      else done(error);
    };
    let found: KeyObject | Promise<KeyObject>;
    try {
      found = findKey(rawToken, context, rulesFor);
    } catch (error) {
      refuseIt(error);
      return;
    }
    if (found instanceof Promise) found.then(hand, refuseIt).catch(refuseIt);
    else hand(found);
  };
}

/** What the key depends on. Type, claims and own checks are up to the strategy. */
const KEY_STEPS = stepsUpTo('signature');

/** Without a promise if nothing has to be waited for, as it mostly is. */
function findKey(
  token: unknown,
  context: RunContext,
  rulesFor: CallSettings['rulesFor'],
): KeyObject | Promise<KeyObject> {
  const run = new ValidationRun(token, context, { rulesFor, keyOnly: true });
  const later = drive(run, KEY_STEPS, (wait) => wait());
  return later === undefined ? keyOf(run) : later.then(() => keyOf(run));
}

/** The strategy takes one key: the one that verifies. It checks no proof, so a bound token would pass as a bearer token (RFC 7800). */
function keyOf({ key, parsed }: ValidationRun): KeyObject {
  if (key === undefined) throw refuse('signature_invalid');
  if (parsed?.unverifiedClaims['cnf'] !== undefined) throw refuse('sender_constrained');
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
