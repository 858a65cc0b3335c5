import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { decoratorError, requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import type { Requirement } from './requirement.js';

/**
 * Demands that the token comes from one of these issuers, which must be configured; otherwise 403 `issuer_not_met`.
 *
 * @throws {IdentityError} `options_invalid`, for none.
 * @example
 * `@RequireIssuer('https://login.example.com')`
 */
export function RequireIssuer(...issuers: [string, ...string[]]): AccessDecorator {
  if (issuers.length === 0 || issuers.some((issuer) => typeof issuer !== 'string' || issuer === '')) {
    throw decoratorError('RequireIssuer', 'expects one issuer or more');
  }
  return requirementDecorator('RequireIssuer', new IssuerRequirement(issuers));
}

export class IssuerRequirement implements Requirement {
  readonly code = 'issuer_not_met';

  constructor(readonly issuers: readonly string[]) {}

  get demand(): string {
    return `The issuer of the token is none of those that the route demands: ${listOf(this.issuers)}.`;
  }

  isMet({ issuer }: ValidatedToken): boolean {
    return this.issuers.includes(issuer);
  }
}
