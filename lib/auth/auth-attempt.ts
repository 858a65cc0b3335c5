import type { ExecutionContext } from '@nestjs/common';
import type { AccessPlan } from '../requirements/read-access-plan.js';
import type { Credentials } from '../model/credentials.js';
import type { Transport } from '../transports/transport.js';

/** One call of one handler that one guard is asked about. It is a value: what comes of it is returned. */
export interface AuthAttempt {
  readonly context: ExecutionContext;
  readonly plan: AccessPlan;
  readonly transport: Transport;
  /** The object that holds the decisions of guards. */
  readonly holder: object;
  /** What passport is handed in the place of a holder that is no request. */
  readonly standIn?: object | undefined;
  /** null if none came; undefined until they are read, which happens once. */
  readonly credentials?: Credentials | null | undefined;
}

/** Whether a guard looks at the request itself, and not at one that an override of `getRequest` put in its place. */
export function isOwnRequest({ context, transport, holder, standIn }: AuthAttempt, request: object): boolean {
  return request === holder || request === standIn || transport.isOwn(context, request);
}

/** Hands the user to the application, if passport has left it on an object of its own because the holder is no request. */
export function passUserOn(
  { context, transport, holder }: AuthAttempt,
  property: string,
  user: unknown,
): void {
  const target = transport.userTarget(context);
  if (target !== undefined && !transport.isRequest(holder)) Reflect.set(target, property, user);
}
