import type { ChallengeParameters } from '../errors/challenge.js';
import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { authenticationChallenge, type MissingAuthentication } from './authentication-challenge.js';
import { readAuthentication, type Authentication } from './read-authentication.js';
import { decoratorError } from './decorator-error.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { modeOf, type RequirementOptions } from './requirement-options.js';
import type { AuthenticationRules, Requirement, RightsSources } from './requirement.js';

/**
 * How the user must have logged in. One member at least; with both, both must be met.
 *
 * @example
 * { acr: ['phrh', 'phr'], maxAgeMs: 300_000 } // phishing-resistant, and within the last five minutes
 */
export interface AuthenticationDemand {
  /**
   * Authentication contexts of which one is needed, the preferred one first: values of `acr` (OpenID Connect Core section 2),
   * or of `acrs` with `stepUp: 'entra'`.
   */
  readonly acr?: string | readonly string[] | undefined;
  /** How long ago the user may have logged in (`auth_time`), in milliseconds: whole seconds, 0 or more. */
  readonly maxAgeMs?: number | undefined;
}

/**
 * Requires that the user has logged in strongly enough, or lately enough; otherwise 401 `authentication_insufficient` with a
 * challenge that says what the client has to ask the provider for (RFC 9470). A token without `acr` or `auth_time` does not meet a
 * requirement for it. The option `acrOrder` lets a stronger context stand for a weaker one.
 *
 * @param options - `{ mode: 'report' }` lets tokens of other logins in, and reports it.
 * @throws {IdentityError} `options_invalid`, for no requirement, and for one that no challenge can carry.
 * @example
 * `@RequireAuthentication({ acr: 'phr', maxAgeMs: 300_000 })`
 */
export function RequireAuthentication(
  demand: AuthenticationDemand,
  options?: RequirementOptions,
): AccessDecorator {
  const acr = acrOf(demand.acr);
  const { maxAgeMs } = demand;
  if (acr.length === 0 && maxAgeMs === undefined) {
    throw decoratorError('RequireAuthentication', 'expects "acr" or "maxAgeMs"');
  }
  if (maxAgeMs !== undefined && !isWholeSeconds(maxAgeMs)) {
    throw decoratorError(
      'RequireAuthentication',
      'expects "maxAgeMs" in milliseconds that are whole seconds, 0 or more: "max_age" of the challenge counts seconds',
    );
  }
  if ('mode' in demand) {
    throw decoratorError(
      'RequireAuthentication',
      'expects "mode" in a second argument, beside the requirement',
    );
  }
  return requirementDecorator(
    'RequireAuthentication',
    new AuthenticationRequirement(acr, maxAgeMs),
    modeOf('RequireAuthentication', options),
  );
}

export class AuthenticationRequirement implements Requirement {
  readonly code = 'authentication_insufficient';

  /** @param acr - any of them will do; none if the strength does not matter. */
  constructor(
    readonly acr: readonly string[],
    readonly maxAgeMs: number | undefined,
  ) {}

  get demand(): string {
    const strength = this.acr.length === 0 ? [] : [`one of the authentication contexts ${listOf(this.acr)}`];
    const age = this.maxAgeMs === undefined ? [] : [`a login within the last ${String(this.maxAgeMs)} ms`];
    return `The token does not prove what @RequireAuthentication of the route requires: ${[...strength, ...age].join(' and ')}.`;
  }

  isMet(token: ValidatedToken, rights: RightsSources): boolean {
    const { acr, maxAgeMs } = this.missingOf(token, rights);
    return acr.length === 0 && maxAgeMs === undefined;
  }

  /** The first claim that is required and has no form in which it could be judged. */
  malformedClaim({ claims, issuer }: ValidatedToken, rights: RightsSources): string | undefined {
    const { malformed } = readAuthentication(claims, rights.authenticationOf(issuer).stepUp);
    if (this.acr.length > 0 && malformed.context !== undefined) return malformed.context;
    return this.maxAgeMs === undefined ? undefined : malformed.time;
  }

  /**
   * What is missing only (RFC 9470 section 3), of all such requirements of the route: a client that is strong enough already need
   * not log in again for strength, and one that does is not sent a second time for age.
   */
  challenge(token: ValidatedToken, rights: RightsSources, all: readonly Requirement[]): ChallengeParameters {
    const missing = all
      .filter((each) => each instanceof AuthenticationRequirement)
      .map((each) => each.missingOf(token, rights));
    const ages = missing.flatMap(({ maxAgeMs }) => maxAgeMs ?? []);
    return authenticationChallenge(rights.authenticationOf(token.issuer).stepUp, {
      acr: missing.find(({ acr }) => acr.length > 0)?.acr ?? [],
      maxAgeMs: ages.length === 0 ? undefined : Math.min(...ages),
    });
  }

  private missingOf({ claims, issuer }: ValidatedToken, rights: RightsSources): MissingAuthentication {
    const rules = rights.authenticationOf(issuer);
    const found = readAuthentication(claims, rules.stepUp);
    return {
      acr: this.isStrongEnough(found, rules) ? [] : this.acr,
      maxAgeMs: this.isRecentEnough(found, rights) ? undefined : this.maxAgeMs,
    };
  }

  private isStrongEnough({ contexts }: Authentication, { acrOrder }: AuthenticationRules): boolean {
    const rankOf = (acr: string): number => acrOrder.indexOf(acr);
    return contexts.some((context) =>
      this.acr.some(
        (demanded) =>
          context === demanded ||
          // Stryker disable next-line EqualityOperator: contexts of one rank are one context, which is accepted already
          (rankOf(demanded) !== -1 && rankOf(context) > rankOf(demanded)),
      ),
    );
  }

  /** A login in the future proves nothing; a clock that is a little fast is no matter. */
  private isRecentEnough(
    { timeMs = NaN }: Authentication,
    { nowMs, clockToleranceMs }: RightsSources,
  ): boolean {
    const { maxAgeMs = NaN } = this;
    const ageMs = nowMs() - timeMs;
    // With either of them unknown, no comparison holds.
    return ageMs >= -clockToleranceMs && ageMs <= maxAgeMs + clockToleranceMs;
  }
}

/** They go into a header, separated by spaces (RFC 9470 section 3 `acr_values`). */
function acrOf(given: AuthenticationDemand['acr']): readonly string[] {
  const values: readonly unknown[] = given === undefined ? [] : Array.isArray(given) ? given : [given];
  if (given !== undefined && values.length === 0) {
    throw decoratorError('RequireAuthentication', 'was given an empty list as "acr"');
  }
  return values.map((value) => {
    if (typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value)) return value;
    throw decoratorError(
      'RequireAuthentication',
      'expects values of "acr" of printable ASCII without spaces, quotes and backslashes',
    );
  });
}

function isWholeSeconds(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) % 1000 === 0;
}
