import type { ExecutionContext } from '@nestjs/common';
import type { AccessPlan } from '../requirements/read-access-plan.js';
import type { Credentials } from '../transports/credentials.js';
import type { Transport } from '../transports/transport.js';

/** One call of one handler that one guard is asked about. Nobody writes on it: what comes of it is returned. */
export interface AuthAttempt {
  readonly context: ExecutionContext;
  readonly plan: AccessPlan;
  readonly transport: Transport;
  /** The object that holds the decisions of guards. */
  readonly holder: object;
  /** What passport is handed in the place of a holder that is no request. */
  readonly standIn?: object | undefined;
  /** null if none came; undefined as long as nobody has looked, so that they are read once. */
  readonly credentials?: Credentials | null | undefined;
}

/** Whether a guard looks at the request itself, and not at one that an override of `getRequest` put in its place. */
export function isOwnRequest({ context, transport, holder, standIn }: AuthAttempt, request: object): boolean {
  return request === holder || request === standIn || transport.isOwn(context, request);
}
