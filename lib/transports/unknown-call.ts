import type { ExecutionContext } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';

/**
 * The answer to a call that no transport knows, such as one that a library makes through Nest's ExternalContextCreator.
 *
 * @param fact - what of the call is not known.
 */
export function unknownCall(context: ExecutionContext, fact: string): IdentityError {
  return new IdentityError(
    'transport_unsupported',
    `IdentityAuthGuard was asked about ${nameOf(context)}, ${fact}: it knows HTTP, GraphQL, WebSockets and microservices of ` +
      'Nest. If the handler needs no token, put @Public() on it; otherwise bind the guard with @UseGuards(IdentityAuthGuard) ' +
      'where it can decide, instead of APP_GUARD, and let your own guard decide here',
  );
}

/** Nest's types promise both; contexts that libraries make may have neither. */
function nameOf(context: ExecutionContext): string {
  const type = context.getClass() as { readonly name?: string } | null;
  const handler = context.getHandler() as { readonly name?: string } | null;
  return `${type?.name ?? 'a class without a name'}.${handler?.name ?? 'a handler without a name'}`;
}
