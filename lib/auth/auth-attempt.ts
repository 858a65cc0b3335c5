import type { ExecutionContext } from '@nestjs/common';
import type { Transport } from '../transports/transport.js';
import type { AccessPlan } from '../requirements/read-access-plan.js';
import type { Shortfall } from '../requirements/find-unmet-requirement.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';

/** One pass of a guard over one request: what the guard asks of the strategy, and what came of it. */
export interface GuardPass {
  readonly context: ExecutionContext;
  readonly plan: AccessPlan;
  readonly transport: Transport;
  /** Where the result stays. */
  readonly carrier: object;
  /** What passport is handed in the place of a carrier that is no request. */
  standIn?: object;
  /** The object that the strategy was handed as the request: the carrier, unless `getRequest` is overridden. */
  request?: object;
  /** A token that a validation found good, whatever the route makes of it. */
  judged?: ValidatedToken;
  /** Why the request is refused; set by the strategy. */
  fault?: IdentityError;
  shortfall?: Shortfall;
  /** Whether an own function of a requirement threw. */
  hasBrokenRequirement?: boolean;
  /** Set by the strategy once the token and all requirements hold. */
  validated?: ValidatedToken;
  /** What `mapUser` made of it. */
  user?: unknown;
  /** Whether an override of `handleRequest` returned no user instead of refusing. */
  hasNoUser?: boolean;
}

/** Whether a pass looks at the request itself, and not at one that an override of `getRequest` put in its place. */
export function isOwnRequest({ context, transport, carrier, standIn }: GuardPass, request: object): boolean {
  return request === carrier || request === standIn || transport.isOwn(context, request);
}

/** The way from guard to strategy goes through passport's options: a symbol nobody else knows. */
const PASS = Symbol('nestjs-identity-model: guard pass');

export function withPass(options: object, pass: GuardPass | undefined): object {
  return pass === undefined ? options : { ...options, [PASS]: pass };
}

export function readPass(options: object | undefined): GuardPass | undefined {
  return options === undefined ? undefined : (Reflect.get(options, PASS) as GuardPass | undefined);
}
