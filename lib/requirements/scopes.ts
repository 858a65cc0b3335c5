import type { ChallengeParameters } from '../errors/challenge.js';
import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { readScopes } from '../tokens/read-scopes.js';
import { decoratorError } from './decorator-error.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { readArguments, type OneOrMore } from './requirement-options.js';
import type { Requirement, RightsSources } from './requirement.js';

/**
 * Requires all of these scopes (RFC 6749 section 3.3); without them 403 `insufficient_scope`.
 *
 * @param scopes - the scopes; behind them, options: `{ mode: 'report' }` lets tokens without them in, and reports it.
 * @throws {IdentityError} `options_invalid`, for none, and for what is no scope.
 * @example
 * `@RequireScopes('orders:read', 'orders:write')`, or `@RequireScopes('orders:read', { mode: 'report' })`
 */
export function RequireScopes(...scopes: OneOrMore<string>): AccessDecorator {
  const { values, mode } = readArguments<string>('RequireScopes', scopes);
  return requirementDecorator(
    'RequireScopes',
    new ScopesRequirement(scopesOf('RequireScopes', values)),
    mode,
  );
}

export class ScopesRequirement implements Requirement {
  readonly code = 'scope_missing';

  constructor(readonly scopes: readonly string[]) {}

  get demand(): string {
    return `The token does not have all of the scopes that the route requires: ${listOf(this.scopes)}.`;
  }

  isMet({ claims }: ValidatedToken, { scopeClaim, scopeImplies }: RightsSources): boolean {
    const granted = readScopes(claims, scopeClaim);
    return this.scopes.every((scope) => scopeImplies.grants(granted, scope));
  }

  challenge(
    _token: ValidatedToken,
    _rights: RightsSources,
    all: readonly Requirement[],
  ): ChallengeParameters {
    return scopeParameter(all.flatMap((requirement) => requirement.scopes ?? []));
  }
}

/** RFC 6750 section 3 `scope`: a client that asks for these meets the requirement. */
export function scopeParameter(scopes: readonly string[]): ChallengeParameters {
  return scopes.length === 0 ? {} : { scope: [...new Set(scopes)].join(' ') };
}

/** RFC 6749 section 3.3 scope-token; they go into a header. */
export function scopesOf(decorator: string, scopes: readonly string[]): readonly string[] {
  if (scopes.length === 0) throw decoratorError(decorator, 'expects one scope or more');
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) {
      throw decoratorError(
        decorator,
        'expects scopes of printable ASCII without spaces, quotes and backslashes, one an argument',
      );
    }
  }
  return scopes;
}
