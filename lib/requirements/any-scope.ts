import type { ChallengeParameters } from '../errors/challenge.js';
import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { readScopes } from '../tokens/read-scopes.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { readArguments, type OneOrMore } from './requirement-options.js';
import type { Requirement, RightsSources } from './requirement.js';
import { scopeParameter, scopesOf } from './scopes.js';

/**
 * Requires at least one of these scopes; without one 403 `insufficient_scope`.
 *
 * @param scopes - the scopes; behind them, options: `{ mode: 'report' }` lets tokens without one in, and reports it.
 * @throws {IdentityError} `options_invalid`, for none, and for what is no scope.
 * @example
 * `@RequireAnyScope('orders:read', 'orders:admin')`
 */
export function RequireAnyScope(...scopes: OneOrMore<string>): AccessDecorator {
  const { values, mode } = readArguments<string>('RequireAnyScope', scopes);
  return requirementDecorator(
    'RequireAnyScope',
    new AnyScopeRequirement(scopesOf('RequireAnyScope', values)),
    mode,
  );
}

export class AnyScopeRequirement implements Requirement {
  readonly code = 'scope_missing';

  constructor(readonly alternatives: readonly string[]) {}

  get demand(): string {
    return `The token does not have one of the scopes that the route requires: ${listOf(this.alternatives)}.`;
  }

  isMet({ claims }: ValidatedToken, { scopeClaim, scopeImplies }: RightsSources): boolean {
    const granted = readScopes(claims, scopeClaim);
    return this.alternatives.some((scope) => scopeImplies.grants(granted, scope));
  }

  /** All that are required, and the alternatives that lack. */
  challenge(
    _token: ValidatedToken,
    _rights: RightsSources,
    all: readonly Requirement[],
  ): ChallengeParameters {
    return scopeParameter(
      all.flatMap((requirement) => (requirement === this ? this.alternatives : (requirement.scopes ?? []))),
    );
  }
}
