import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { decoratorError } from './decorator-error.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { readArguments, type OneOrMore } from './requirement-options.js';
import type { Requirement } from './requirement.js';

/**
 * Requires that the token comes from one of these issuers, which must be configured; otherwise 403 `issuer_not_met`.
 *
 * @param issuers - the issuers; behind them, options: `{ mode: 'report' }` lets tokens of others in, and reports it.
 * @throws {IdentityError} `options_invalid`, for none.
 * @example
 * `@RequireIssuer('https://login.example.com')`
 */
export function RequireIssuer(...issuers: OneOrMore<string>): AccessDecorator {
  const { values, mode } = readArguments<string>('RequireIssuer', issuers);
  if (values.length === 0 || values.some((issuer) => typeof issuer !== 'string' || issuer === '')) {
    throw decoratorError('RequireIssuer', 'expects one issuer or more');
  }
  return requirementDecorator('RequireIssuer', new IssuerRequirement(values), mode);
}

export class IssuerRequirement implements Requirement {
  readonly code = 'issuer_not_met';

  constructor(readonly issuers: readonly string[]) {}

  get demand(): string {
    return `The issuer of the token is none of those that the route requires: ${listOf(this.issuers)}.`;
  }

  isMet({ issuer }: ValidatedToken): boolean {
    return this.issuers.includes(issuer);
  }
}
