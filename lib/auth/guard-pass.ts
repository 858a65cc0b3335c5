import type { ExecutionContext } from '@nestjs/common';
import type { Transport } from '../carriers/transport.js';
import type { AccessPlan } from '../decorators/access-metadata.js';
import type { Shortfall } from '../decorators/check-requirements.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';

/** One pass of a guard over one request: what the guard asks of the strategy, and what came of it. */
export interface GuardPass {
  readonly context: ExecutionContext;
  readonly plan: AccessPlan;
  readonly transport: Transport;
  /** Where the result stays. */
  readonly carrier: object;
  /** A token that a validation found good, whatever the route makes of it. */
  judged?: ValidatedToken;
  /** Why the request is refused; set by the strategy. */
  fault?: IdentityError;
  shortfall?: Shortfall;
  /** Set by the strategy once the token and all requirements hold. */
  validated?: ValidatedToken;
}

/** The way from guard to strategy goes through passport's options: a symbol nobody else knows. */
const PASS = Symbol('nestjs-identity-model: guard pass');

export function withPass(options: object, pass: GuardPass | undefined): object {
  return pass === undefined ? options : { ...options, [PASS]: pass };
}

export function readPass(options: object | undefined): GuardPass | undefined {
  return options === undefined ? undefined : (Reflect.get(options, PASS) as GuardPass | undefined);
}
