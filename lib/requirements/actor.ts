import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { readActor } from './read-actor.js';
import { decoratorError } from './decorator-error.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { modeOf, readArguments, type RequirementOptions } from './requirement-options.js';
import type { Requirement } from './requirement.js';

/**
 * Requires that another party acts for the subject of the token (RFC 8693 section 4.1 `act`): one of these, by `sub` or `client_id`;
 * anybody, if none is named. Otherwise 403 `actor_not_met`.
 *
 * @param names - the names; behind them, options: `{ mode: 'report' }` lets tokens without such an actor in, and reports it.
 * @throws {IdentityError} `options_invalid`, for a name that is empty or no string.
 * @example
 * `@RequireActor('support-agent')`
 */
export function RequireActor(
  ...names: readonly string[] | readonly [...string[], RequirementOptions]
): AccessDecorator {
  const { values, mode } = readArguments<string>('RequireActor', names);
  if (values.some((name) => typeof name !== 'string' || name === '')) {
    throw decoratorError('RequireActor', 'expects names of actors, one an argument');
  }
  return requirementDecorator('RequireActor', new ActorRequirement(values), mode);
}

/**
 * Requires that the subject of the token acts for itself: 403 `delegation_refused`, if another party acts for it (RFC 8693 section
 * 4.1 `act`).
 *
 * @param options - `{ mode: 'report' }` lets delegated tokens in, and reports it.
 * @example
 * `@RefuseDelegated() @Delete('account') close() { … }`
 */
export function RefuseDelegated(options?: RequirementOptions): AccessDecorator {
  return requirementDecorator(
    'RefuseDelegated',
    new NoActorRequirement(),
    modeOf('RefuseDelegated', options),
  );
}

export class ActorRequirement implements Requirement {
  readonly code = 'actor_not_met';

  constructor(readonly names: readonly string[]) {}

  get demand(): string {
    const who = this.names.length === 0 ? 'An actor' : `An actor of ${listOf(this.names)}`;
    return `${who}, which @RequireActor of the route requires, is not what the token names in "act".`;
  }

  isMet({ claims }: ValidatedToken): boolean {
    const actor = readActor(claims);
    if (actor === undefined || actor === null) return false;
    // Names are the issuer's own: "desk" of another issuer is somebody else.
    if (actor.iss !== undefined && actor.iss !== claims.iss) return this.names.length === 0;
    if (this.names.length === 0) return true;
    return this.names.some((name) => name === actor.sub || name === actor.client_id);
  }

  malformedClaim({ claims }: ValidatedToken): string | undefined {
    return readActor(claims) === null ? 'act' : undefined;
  }
}

export class NoActorRequirement implements Requirement {
  readonly code = 'delegation_refused';
  readonly demand =
    'Another party acts for the subject of the token ("act"), which @RefuseDelegated of the route refuses.';

  isMet({ claims }: ValidatedToken): boolean {
    return readActor(claims) === undefined;
  }

  malformedClaim({ claims }: ValidatedToken): string | undefined {
    return readActor(claims) === null ? 'act' : undefined;
  }
}
