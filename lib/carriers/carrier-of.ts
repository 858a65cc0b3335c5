import type { ExecutionContext } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';

/**
 * The object that carries the result of a guard from there to the decorators.
 *
 * @throws {IdentityError} `transport_unsupported`: an unknown kind of request is never let through.
 */
export function carrierOf(context: ExecutionContext): object {
  const type: string = context.getType();
  if (type === 'http') return context.switchToHttp().getRequest<object>();
  throw new IdentityError(
    'transport_unsupported',
    `IdentityAuthGuard and its decorators know HTTP requests, not "${type}"`,
  );
}
