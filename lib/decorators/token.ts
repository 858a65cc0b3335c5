import { createParamDecorator } from '@nestjs/common';
import { tokenOfHandler } from './token-of-handler.js';

/**
 * The token as it came: a credential, for calling on with it. undefined on a public or optional route
 * without a token.
 *
 * @throws {IdentityError} `guard_missing`, if no IdentityAuthGuard ran.
 * @example
 * `@Get('report') report(@Token() token: string) { return this.billing.fetchReport(token); }`
 */
export const Token: ReturnType<typeof createParamDecorator<undefined>> = createParamDecorator<undefined>(
  (_, context) => tokenOfHandler(context, 'Token')?.token,
);
