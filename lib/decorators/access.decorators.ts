import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { addRequirement, noteMethod, setMode, type Requirement } from '../requirements/read-access-plan.js';

type Decorator = MethodDecorator & ClassDecorator;
type Primitive = string | number | boolean;
/** Decides over the value of a claim; undefined where the token has none. */
export type ClaimPredicate = (value: unknown, claims: ValidatedToken['claims']) => boolean;

/** Lets everybody in; the token is not looked at. */
export function Public(): Decorator {
  return onTarget('Public', (target) => setMode(target, 'public'));
}

/** Lets those without a token in as well; a bad token is still refused. */
export function OptionalAuth(): Decorator {
  return onTarget('OptionalAuth', (target) => setMode(target, 'optional'));
}

/** Demands all of these scopes (RFC 6749 section 3.3); without them 403 `insufficient_scope`. */
export function RequireScopes(...scopes: [string, ...string[]]): Decorator {
  return require('RequireScopes', {
    kind: 'scopes',
    match: 'all',
    scopes: checkScopes('RequireScopes', scopes),
  });
}

/** Demands at least one of these scopes. */
export function RequireAnyScope(...scopes: [string, ...string[]]): Decorator {
  return require('RequireAnyScope', {
    kind: 'scopes',
    match: 'any',
    scopes: checkScopes('RequireAnyScope', scopes),
  });
}

/**
 * Demands all of these roles, read where the option `rolesClaim` of the token's issuer says; without them 403
 * `role_missing`. Roles have no protocol of their own, hence no list of them in the challenge.
 */
export function RequireRoles(...roles: [string, ...string[]]): Decorator {
  return require('RequireRoles', { kind: 'roles', match: 'all', roles: checkRoles('RequireRoles', roles) });
}

/**
 * Demands at least one of these roles, read as {@link RequireRoles} reads them.
 *
 * @example
 * `@RequireAnyRole('admin', 'support')`
 */
export function RequireAnyRole(...roles: [string, ...string[]]): Decorator {
  return require('RequireAnyRole', {
    kind: 'roles',
    match: 'any',
    roles: checkRoles('RequireAnyRole', roles),
  });
}

/**
 * Demands a claim: with values, that it is one of them, or a list that holds one of them; with a
 * function, that it answers `true`; alone, that it is there and not null.
 *
 * @param claim - a name, or a path such as `['realm_access', 'roles']`.
 */
export function RequireClaim(
  claim: string | readonly string[],
  ...expected: readonly [ClaimPredicate] | readonly Primitive[]
): Decorator {
  const path = typeof claim === 'string' ? [claim] : [...claim];
  if (path.length === 0 || path.some((step) => typeof step !== 'string' || step === '')) {
    throw wrong('RequireClaim', 'expects the name of a claim or a path of names');
  }
  if (expected.some((value) => value === undefined)) {
    throw wrong('RequireClaim', 'was given undefined for a value; leave it out to demand any value');
  }
  return require('RequireClaim', { kind: 'claim', path, accepts: toPredicate(expected) });
}

/** Demands that the token comes from one of these issuers, which must be configured. */
export function RequireIssuer(...issuers: [string, ...string[]]): Decorator {
  if (issuers.length === 0 || issuers.some((issuer) => typeof issuer !== 'string' || issuer === '')) {
    throw wrong('RequireIssuer', 'expects one issuer or more');
  }
  return require('RequireIssuer', { kind: 'issuer', issuers });
}

function require(name: string, requirement: Requirement): Decorator {
  return onTarget(name, (target, method) => {
    addRequirement(target, requirement);
    if (method !== undefined) noteMethod(method.prototype, method.name);
  });
}

/**
 * Metadata of a method stands on the function, that of a class on its constructor, as Nest's own does.
 * Not through `applyDecorators`, which takes a static property for its class.
 *
 * @throws {IdentityError} `options_invalid`, on other members: there is no function that a guard could look at.
 */
function onTarget(
  decorator: string,
  mark: (target: object, method?: { readonly prototype: object; readonly name: string | symbol }) => void,
): Decorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (name === undefined && descriptor === undefined) {
      mark(target);
      return;
    }
    const method: unknown = descriptor?.value;
    if (name === undefined || typeof method !== 'function') {
      throw wrong(
        decorator,
        `stands on "${String(name)}", which is no method: put it on a method or a class`,
      );
    }
    mark(method, { prototype: target, name });
  };
}

/** RFC 6749 section 3.3 scope-token; they go into a header. */
function checkScopes(name: string, scopes: readonly string[]): readonly string[] {
  if (scopes.length === 0) throw wrong(name, 'expects one scope or more');
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) {
      throw wrong(
        name,
        'expects scopes of printable ASCII without spaces, quotes and backslashes, one an argument',
      );
    }
  }
  return scopes;
}

function checkRoles(name: string, roles: readonly string[]): readonly string[] {
  if (roles.length === 0 || roles.some((role) => typeof role !== 'string' || role === '')) {
    throw wrong(name, 'expects one role or more, one an argument');
  }
  return roles;
}

function toPredicate(expected: readonly [ClaimPredicate] | readonly Primitive[]): ClaimPredicate {
  const [first] = expected;
  if (first === undefined) return (value) => value !== undefined && value !== null;
  if (typeof first === 'function') return first;
  const values = new Set<unknown>(expected);
  return (value) => (Array.isArray(value) ? value.some((item) => values.has(item)) : values.has(value));
}

function wrong(decorator: string, problem: string): IdentityError {
  return new IdentityError('options_invalid', `@${decorator} ${problem}`);
}
