import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { carriedBy } from '../carriers/carrier.js';
import { isKnownCall, transportOf } from '../carriers/transport-of.js';
import { IdentityError } from '../errors/identity-error.js';
import { readPath } from '../model/json.js';
import type { ValidatedToken } from '../model/token.js';
import { readAccessPlan } from './access-metadata.js';

/**
 * The claims of the validated token, or the one that a name or a path leads to. undefined on a public
 * or optional route without a token.
 *
 * @throws {IdentityError} `guard_missing`, where no IdentityAuthGuard ran.
 */
export const Claims = createParamDecorator<string | readonly string[] | undefined>((claim, context) => {
  const claims = validatedOf(context, 'Claims')?.claims;
  if (claim === undefined || claims === undefined) return claims;
  return readPath(claims, typeof claim === 'string' ? [claim] : claim);
});

/**
 * The token as it came: a credential, for calling on with it. undefined on a public or optional route
 * without a token.
 *
 * @throws {IdentityError} `guard_missing`, where no IdentityAuthGuard ran.
 */
export const Token = createParamDecorator<undefined>((_, context) => validatedOf(context, 'Token')?.token);

function validatedOf(context: ExecutionContext, decorator: string): ValidatedToken | undefined {
  // What is public is handed no token, whether or not a transport knows the call.
  if (!isKnownCall(context) && isPublic(context)) return undefined;
  const transport = transportOf(context);
  const result = carriedBy(transport.carrierOf(context));
  if (result === undefined) {
    throw new IdentityError(
      'guard_missing',
      `@${decorator} of ${context.getClass().name}.${context.getHandler().name} needs a token, but no ` +
        'IdentityAuthGuard ran: add @UseGuards(IdentityAuthGuard), or the guard as APP_GUARD',
    );
  }
  if (result.kind !== 'validated') return undefined;
  // Fields of one operation share a carrier: what one of them demands is not the other's.
  if (transport.name !== 'http' && isPublic(context)) return undefined;
  return result.validated;
}

function isPublic(context: ExecutionContext): boolean {
  return readAccessPlan(context.getHandler(), context.getClass()).mode === 'public';
}
