import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { readRoles } from './read-roles.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { readArguments, type OneOrMore } from './requirement-options.js';
import type { Requirement, RightsSources } from './requirement.js';
import { HINT, rolesOf } from './roles.js';

/**
 * Requires at least one of these roles, read as `@RequireRoles` reads them; without one 403 `role_missing`.
 *
 * @param roles - the roles; behind them, options: `{ mode: 'report' }` lets tokens without one in, and reports it.
 * @throws {IdentityError} `options_invalid`, for none.
 * @example
 * `@RequireAnyRole('admin', 'support')`
 */
export function RequireAnyRole(...roles: OneOrMore<string>): AccessDecorator {
  const { values, mode } = readArguments<string>('RequireAnyRole', roles);
  return requirementDecorator(
    'RequireAnyRole',
    new AnyRoleRequirement(rolesOf('RequireAnyRole', values)),
    mode,
  );
}

export class AnyRoleRequirement implements Requirement {
  readonly code = 'role_missing';
  readonly readsRoles = true;

  constructor(readonly roles: readonly string[]) {}

  get demand(): string {
    return `The token does not have one of the roles that the route requires: ${listOf(this.roles)} ${HINT}`;
  }

  isMet({ claims, issuer }: ValidatedToken, { rolesClaimOf }: RightsSources): boolean {
    const held = readRoles(claims, rolesClaimOf(issuer));
    return this.roles.some((role) => held.has(role));
  }
}
