import type { ValidatedToken } from '../model/token.js';
import { readConfirmation } from '../tokens/read-confirmation.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { modeOf, type RequirementOptions } from './requirement-options.js';
import type { Requirement } from './requirement.js';

/**
 * Requires a token that is bound to a key of the client (RFC 7800 `cnf`), whose possession was proven: 401 `sender_unconstrained` for a
 * bearer token. For single routes beside `senderConstrained: 'accept'`; `'require'` does so for all.
 *
 * @param options - `{ mode: 'report' }` lets bearer tokens in, and reports which clients send them.
 * @example
 * `@RequireSenderConstrained() @Post('transfer') transfer() { … }`
 */
export function RequireSenderConstrained(options?: RequirementOptions): AccessDecorator {
  const mode = modeOf('RequireSenderConstrained', options);
  return requirementDecorator('RequireSenderConstrained', new SenderConstrainedRequirement(), mode);
}

export class SenderConstrainedRequirement implements Requirement {
  readonly code = 'sender_unconstrained';
  readonly needsBoundToken = true;
  readonly demand =
    'The token is bound to no key ("cnf"), which @RequireSenderConstrained of the route requires.';

  /** A bound token is validated only with a proof. */
  isMet({ claims }: ValidatedToken): boolean {
    return Boolean(readConfirmation(claims));
  }
}
