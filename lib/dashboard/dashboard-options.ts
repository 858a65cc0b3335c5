import type { CanActivate, DynamicModule, Type } from '@nestjs/common';
import { IdentityAuthGuard } from '../auth/identity-auth.guard.js';
import { IdentityError } from '../errors/identity-error.js';

/** The sentence that mounts the page for everyone. */
export const UNPROTECTED = 'everybody who reaches the path may see and use it';

/** Exactly one of `requiredScopes`, `guard` and `dangerouslyUnprotected` says who gets in. */
export interface IdentityDashboardOptions {
  /** Where the page is mounted, below a global prefix if there is one. @default 'identity' */
  readonly path?: string | undefined;
  /**
   * Scopes that a token of this API must have, all of them. The page itself, which holds no data, is public;
   * it asks for the token and sends it with each request for data.
   */
  readonly requiredScopes?: readonly [string, ...string[]] | undefined;
  /**
   * Issuers whose tokens count for `requiredScopes`, exactly, any one of them. The page shows all issuers and
   * can replace the keys of each, and every issuer decides by itself which scopes its tokens have: so an API that accepts
   * tokens of several issuers, or of tenants, must name them here, or it does not start. @default the only issuer
   */
  readonly requiredIssuers?: readonly [string, ...string[]] | undefined;
  /**
   * A guard of the application's own, a class or an object, in front of everything, the page included. For a
   * session, a client certificate or a network; for tokens there is `requiredScopes`. An `IdentityAuthGuard` that
   * protects the whole application lets requests without a token pass to it, and rejects bad tokens.
   */
  readonly guard?: Type<CanActivate> | CanActivate | undefined;
  /** No protection at all, where something in front of the application does it. The value says what it means. */
  readonly dangerouslyUnprotected?: typeof UNPROTECTED | undefined;
  /** Open pages at a time; another one is asked to try again later (503). From 1 to 1000. @default 20 */
  readonly maxStreams?: number | undefined;
  /** Modules with what the guard injects; an `IdentityModule` with `isGlobal: false`. */
  readonly imports?: DynamicModule['imports'] | undefined;
}

type NonEmpty = readonly [string, ...string[]];

/** Who gets in. */
export type Protection =
  | { readonly kind: 'scopes'; readonly scopes: NonEmpty; readonly issuers: NonEmpty | undefined }
  | { readonly kind: 'guard'; readonly guard: Type<CanActivate> | CanActivate }
  | { readonly kind: 'none' };

export interface ResolvedDashboardOptions {
  readonly path: string;
  readonly protection: Protection;
  readonly maxStreams: number;
}

// A misspelt `guard` must not be ignored.
const KNOWN = [
  'path',
  'requiredScopes',
  'requiredIssuers',
  'guard',
  'dangerouslyUnprotected',
  'maxStreams',
  'imports',
];
/** RFC 6749 section 3.3 scope-token. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** Nothing that a router takes for a pattern or a parameter. */
const PATH = /^\/?[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/;

/** @throws {IdentityError} `options_invalid`. */
export function resolveDashboardOptions(options: IdentityDashboardOptions): ResolvedDashboardOptions {
  if (typeof options !== 'object' || (options as unknown) === null) throw wrong('expected an object');
  const unknown = Object.keys(options).filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) throw wrong(`unknown: ${unknown.join(', ')}; known are ${KNOWN.join(', ')}`);
  const { path = 'identity', maxStreams = 20 } = options;
  if (typeof path !== 'string' || !PATH.test(path)) {
    throw wrong('"path" must be segments of letters, digits, - and _, such as "identity" or "ops/identity"');
  }
  if (!Number.isInteger(maxStreams) || maxStreams < 1 || maxStreams > 1_000) {
    throw wrong('"maxStreams" must be a whole number from 1 to 1000');
  }
  return { path: path.replace(/^\//, ''), protection: readProtection(options), maxStreams };
}

/** Exactly one way in. No default: a page with the keys of all issuers must not be open because an option was forgotten. */
function readProtection({
  requiredScopes,
  requiredIssuers,
  guard,
  dangerouslyUnprotected,
}: IdentityDashboardOptions): Protection {
  const given = [requiredScopes, guard, dangerouslyUnprotected].filter((each) => each !== undefined);
  if (given.length !== 1) {
    throw wrong(
      `${given.length === 0 ? 'nothing says' : 'more than one option says'} who may see the dashboard: give ` +
        'either requiredScopes (a token of this API with these scopes) or guard (your own)',
    );
  }
  if (requiredScopes !== undefined) {
    if (!isScopes(requiredScopes)) {
      throw wrong('"requiredScopes" must be a list with one scope or more, each without spaces and quotes');
    }
    if (requiredIssuers !== undefined && !isTexts(requiredIssuers)) {
      throw wrong('"requiredIssuers" must be a list with one issuer or more, as "iss" of its tokens has it');
    }
    return { kind: 'scopes', scopes: [...requiredScopes], issuers: requiredIssuers && [...requiredIssuers] };
  }
  if (requiredIssuers !== undefined) {
    throw wrong(
      '"requiredIssuers" belongs to "requiredScopes", which is missing: other guards read no token',
    );
  }
  if (guard !== undefined) {
    if (!isGuard(guard)) throw wrong('"guard" must be a class or an object with a method canActivate');
    if (isTokenGuard(guard)) {
      throw wrong('"guard" is an IdentityAuthGuard, which lets any valid token in: use "requiredScopes"');
    }
    return { kind: 'guard', guard };
  }
  if (dangerouslyUnprotected !== UNPROTECTED) {
    throw wrong(`"dangerouslyUnprotected" does nothing unless it is, exactly, "${UNPROTECTED}"`);
  }
  return { kind: 'none' };
}

function isScopes(scopes: readonly string[]): boolean {
  return isTexts(scopes) && scopes.every((each) => SCOPE.test(each));
}

function isTexts(list: unknown): boolean {
  return (
    Array.isArray(list) && list.length > 0 && list.every((each) => typeof each === 'string' && each !== '')
  );
}

/**
 * Scopes are worth what the issuer that grants them is: with several issuers, those that may grant them must be named.
 *
 * @param issuerCount - how many issuers the API accepts tokens of; Infinity for tenants.
 * @throws {IdentityError} `options_invalid`.
 */
export function assertIssuersNamed(protection: Protection, issuerCount: number): void {
  if (protection.kind !== 'scopes' || protection.issuers !== undefined || issuerCount === 1) return;
  const accepted = Number.isFinite(issuerCount) ? `${String(issuerCount)} issuers` : 'tenants';
  throw wrong(
    `"requiredIssuers" is missing. This API accepts tokens of ${accepted}: with "requiredScopes" alone, a token of any of ` +
      'them could read the data of all and replace their keys. Name the issuer of your operators, ' +
      "for example requiredIssuers: ['https://id.example.com']",
  );
}

function isGuard(guard: Type<CanActivate> | CanActivate): boolean {
  const holder: unknown = typeof guard === 'function' ? guard.prototype : guard;
  return typeof holder === 'object' && holder !== null && 'canActivate' in holder;
}

/** Authentication alone is no authorization: every user of the API has a valid token. */
function isTokenGuard(guard: Type<CanActivate> | CanActivate): boolean {
  if (typeof guard !== 'function') return guard instanceof IdentityAuthGuard;
  return guard === IdentityAuthGuard || guard.prototype instanceof IdentityAuthGuard;
}

function wrong(problem: string): IdentityError {
  return new IdentityError('options_invalid', `IdentityDashboardModule.forRoot: ${problem}`);
}

/** Injection token of {@link ResolvedDashboardOptions}. */
export const DASHBOARD_OPTIONS = Symbol('nestjs-identity-model: dashboard options');
