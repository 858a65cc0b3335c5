import type { Clock } from '../cache/clock.js';
import type { IssuerRegistry } from '../issuers/issuer-registry.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { RightsSources } from './requirement.js';

/** Injection token of the {@link RightsSources}. */
export const RIGHTS_SOURCES = Symbol('nestjs-identity-model: where rights are');

/** A token of an issuer that is gone since its validation satisfies nothing that depends on the issuer. */
export function createRightsSources(
  { scopeClaim, scopeImplies, clockToleranceMs }: ResolvedOptions,
  registry: IssuerRegistry,
  clock: Clock,
): RightsSources {
  return {
    scopeClaim,
    scopeImplies,
    clockToleranceMs,
    rolesClaimOf: (issuer) => registry.optionsOf(issuer)?.rolesClaim,
    audienceOf: (issuer) => {
      const options = registry.optionsOf(issuer);
      return {
        claim: options?.audienceClaim ?? 'aud',
        accepted: options === undefined ? [] : options.audience,
      };
    },
    authenticationOf: (issuer) => registry.optionsOf(issuer) ?? { acrOrder: [], stepUp: 'rfc9470' },
    nowMs: () => clock.wallMs(),
  };
}
