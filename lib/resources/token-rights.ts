import { Inject, Injectable } from '@nestjs/common';
import type { ValidatedToken } from '../model/token.js';
import type { GrantedRights } from '../options/options.types.js';
import type { ResolvedResource } from '../options/resource-options.js';
import { readRoles } from '../requirements/read-roles.js';
import type { RightsSources } from '../requirements/requirement.js';
import { RIGHTS_SOURCES } from '../requirements/rights-sources.js';
import { readScopes } from '../tokens/read-scopes.js';
import { Resources } from './resources.js';

/** Reads what a token grants, for code that cannot ask about one scope at a time. */
@Injectable()
export class TokenRights {
  constructor(
    @Inject(RIGHTS_SOURCES) private readonly sources: RightsSources,
    @Inject(Resources) private readonly resources: Resources,
  ) {}

  /** @param resource - the resource that the route names, if it names one. */
  of(validated: ValidatedToken, resource: string | undefined): GrantedRights {
    return new LazyRights(validated, this.resources.of(resource), this.sources, this.resources.all);
  }
}

/** Most functions `mapUser` read nothing of it, and they stand on the path of every request. */
class LazyRights implements GrantedRights {
  readonly #validated: ValidatedToken;
  readonly #sources: RightsSources;
  readonly #all: readonly ResolvedResource[];

  constructor(
    validated: ValidatedToken,
    readonly resource: ResolvedResource | undefined,
    sources: RightsSources,
    all: readonly ResolvedResource[],
  ) {
    this.#validated = validated;
    this.#sources = sources;
    this.#all = all;
  }

  get scopes(): readonly string[] {
    const { scopeClaim, scopeImplies } = this.#sources;
    const granted = readScopes(this.#validated.claims, scopeClaim);
    const known = this.#all.flatMap(({ scopes }) => scopes);
    return [
      ...new Set([
        ...scopeImplies.expand(granted),
        ...known.filter((scope) => scopeImplies.grants(granted, scope)),
      ]),
    ];
  }

  get roles(): readonly string[] {
    const { claims, issuer } = this.#validated;
    return [...readRoles(claims, this.#sources.rolesClaimOf(issuer))];
  }
}
