import { createParamDecorator } from '@nestjs/common';
import { readPath } from '../model/json.js';
import { tokenOfHandler } from './token-of-handler.js';

/**
 * The claims of the validated token, or the one that a name or a path leads to. undefined on a public
 * or optional route without a token.
 *
 * @throws {IdentityError} `guard_missing`, if no IdentityAuthGuard ran.
 * @example
 * `@Get('me') me(@Claims('sub') sub: string, @Claims() claims: AccessTokenClaims) { … }`
 */
export const Claims: ReturnType<typeof createParamDecorator<string | readonly string[] | undefined>> =
  createParamDecorator<string | readonly string[] | undefined>((claim, context) => {
    const claims = tokenOfHandler(context, 'Claims')?.claims;
    if (claim === undefined || claims === undefined) return claims;
    return readPath(claims, typeof claim === 'string' ? [claim] : claim);
  });
