import { Inject, Injectable } from '@nestjs/common';
import { buildChallenges, type ChallengeParameters, type ChallengeScheme } from '../errors/challenge.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import type { ResolvedResource } from '../options/resource-options.js';
import { SENDER_PROOFS, type SenderProofs } from '../proofs/sender-proofs.js';
import type { AccessPlan } from '../requirements/read-access-plan.js';
import type { Requirement } from '../requirements/requirement.js';
import { scopeParameter } from '../requirements/scopes.js';
import { Resources } from '../resources/resources.js';
import type { Denial } from './auth-outcome.js';

/** A header field of a response. */
export type Field = readonly [name: string, value: string];

/** What the responses of this module say of authentication: challenges, and nonces for proofs. */
@Injectable()
export class Challenges {
  private readonly schemes: readonly ChallengeScheme[];

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Resources) private readonly resources: Resources,
    @Inject(SENDER_PROOFS) private readonly proofs: SenderProofs | null,
  ) {
    this.schemes = schemesOf(options);
  }

  /** `WWW-Authenticate`, one for each scheme that is accepted. */
  of(
    reason: IdentityError,
    { challenge, scheme }: Pick<Denial, 'challenge' | 'scheme'>,
    { plan, enforced }: { readonly plan: AccessPlan; readonly enforced: readonly Requirement[] },
  ): readonly string[] {
    const resource = this.resources.of(plan.resource);
    return buildChallenges(reason, {
      realm: this.options.realm,
      resourceMetadataUrl: resource?.metadataUrl,
      parameters: reason.code === 'token_missing' ? scopesFor(enforced, resource) : challenge,
      schemes: this.schemes,
      used: scheme,
    });
  }

  /** The nonce that proofs need from now on; undefined if they need none. */
  get nonce(): string | undefined {
    return this.proofs?.nonce;
  }

  /** A new nonce for a client whose proof had one that ends soon (RFC 9449 section 8.2); undefined if it had the newest. */
  freshNonceFor(credentials: Credentials): string | undefined {
    return this.proofs?.freshNonceFor(credentials);
  }
}

/** RFC 9449 sections 8 and 9: the response with a nonce is of no use to anybody else, or later. */
export function nonceFields(nonce: string): readonly Field[] {
  return [
    ['DPoP-Nonce', nonce],
    ['Cache-Control', 'no-store'],
  ];
}

/** Bearer first: clients of today look at the first challenge only. */
function schemesOf({ senderConstrained, dpop, mtls }: ResolvedOptions): readonly ChallengeScheme[] {
  const bearer: ChallengeScheme = { name: 'Bearer' };
  if (senderConstrained === 'reject' || dpop === undefined) return [bearer];
  const bound: ChallengeScheme = { name: 'DPoP', algs: dpop.algorithms.join(' ') };
  // RFC 8705 section 3: tokens that are bound to a certificate come under the scheme Bearer.
  const isBearerUsed = senderConstrained === 'accept' || mtls !== undefined;
  return isBearerUsed ? [bearer, bound] : [bound];
}

/**
 * What a client without a token should ask for (RFC 6750 section 3): the scopes of the route, else those of its resource. Not
 * those that are only reported: a provider that does not grant them yet would refuse the whole request (RFC 6749 section 4.1.2.1
 * `invalid_scope`).
 */
function scopesFor(
  enforced: readonly Requirement[],
  resource: ResolvedResource | undefined,
): ChallengeParameters {
  const ofRoute = enforced.flatMap(({ scopes }) => scopes ?? []);
  return scopeParameter(ofRoute.length > 0 ? ofRoute : (resource?.scopes ?? []));
}
