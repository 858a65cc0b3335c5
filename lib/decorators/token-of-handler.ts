import type { ExecutionContext } from '@nestjs/common';
import { decisionFor, sharedDecision, type Decision } from '../transports/decisions.js';
import { isKnownCall, transportOf } from '../transports/transport-of.js';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { readAccessPlan } from '../requirements/read-access-plan.js';

/**
 * The token that the guards of this very handler accepted; that of the operation, if no guard is asked about the handler.
 *
 * @throws {IdentityError} `guard_missing`.
 */
export function tokenOfHandler(context: ExecutionContext, decorator: string): ValidatedToken | undefined {
  return decisionOfHandler(context, decorator)?.validated;
}

/**
 * The decision that {@link tokenOfHandler} goes by; undefined for what is public.
 *
 * @throws {IdentityError} `guard_missing`.
 */
export function decisionOfHandler(context: ExecutionContext, decorator: string): Decision | undefined {
  // What is public is handed no token, whether or not a transport knows the call.
  if (!isKnownCall(context) && isPublic(context)) return undefined;
  const transport = transportOf(context);
  const holder = transport.holderOf(context);
  const own = decisionFor(holder, context.getHandler(), context.getClass());
  if (own !== undefined) return own;
  const shared = sharedDecision(holder);
  const handler = `${context.getClass().name}.${context.getHandler().name}`;
  if (shared === undefined) {
    throw new IdentityError(
      'guard_missing',
      `@${decorator} of ${handler} needs a token, but no IdentityAuthGuard decided about this call: add ` +
        '@UseGuards(IdentityAuthGuard), or the guard as APP_GUARD. Your guard that allows a call by other ' +
        'credentials, or that skips super.canActivate(), must return allowWithoutToken(context) of IdentityAuthGuard',
    );
  }
  if (shared === 'ambiguous') {
    throw new IdentityError(
      'guard_missing',
      `@${decorator} of ${handler} needs a token, but no IdentityAuthGuard decided about this call, and the guards of ` +
        'other fields of the operation accepted different tokens: add @UseGuards(IdentityAuthGuard) to the handler',
    );
  }
  // Handlers that share a holder do not share what they require.
  if (transport.handlersPerRequest !== 'one' && isPublic(context)) return undefined;
  // Which of the fields that share the token led here is not known, so neither is the resource.
  return { ...shared, resource: undefined };
}

function isPublic(context: ExecutionContext): boolean {
  return readAccessPlan(context.getHandler(), context.getClass()).mode === 'public';
}
