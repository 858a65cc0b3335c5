import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { readRoles } from './read-roles.js';
import { decoratorError } from './decorator-error.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { readArguments, type OneOrMore } from './requirement-options.js';
import type { Requirement, RightsSources } from './requirement.js';

/**
 * Requires all of these roles, read where the option `rolesClaim` of the token's issuer says; without them 403
 * `role_missing`. Roles have no protocol, so there is no list of them in the challenge.
 *
 * @param roles - the roles; behind them, options: `{ mode: 'report' }` lets tokens without them in, and reports it.
 * @throws {IdentityError} `options_invalid`, for none.
 * @example
 * `@RequireRoles('admin')`
 */
export function RequireRoles(...roles: OneOrMore<string>): AccessDecorator {
  const { values, mode } = readArguments<string>('RequireRoles', roles);
  return requirementDecorator('RequireRoles', new RolesRequirement(rolesOf('RequireRoles', values)), mode);
}

export class RolesRequirement implements Requirement {
  readonly code = 'role_missing';
  readonly readsRoles = true;

  constructor(readonly roles: readonly string[]) {}

  get demand(): string {
    return `The token does not have all of the roles that the route requires: ${listOf(this.roles)} ${HINT}`;
  }

  isMet({ claims, issuer }: ValidatedToken, { rolesClaimOf }: RightsSources): boolean {
    const held = readRoles(claims, rolesClaimOf(issuer));
    return this.roles.every((role) => held.has(role));
  }
}

export const HINT = '("rolesClaim" says in which claim they are).';

export function rolesOf(decorator: string, roles: readonly string[]): readonly string[] {
  if (roles.length === 0 || roles.some((role) => typeof role !== 'string' || role === '')) {
    throw decoratorError(decorator, 'expects one role or more, one an argument');
  }
  return roles;
}
