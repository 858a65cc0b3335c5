import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { JwksService } from '../issuers/jwks.service.js';
import type { ValidatedToken } from '../model/token.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { explainToken, type TokenExplanation } from './explain-token.js';

/** Looks at tokens on behalf of people, with the options of the running application; it decides nothing. */
@Injectable()
export class TokenInspector {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Each step of the validation, and what it says of a token. */
  explain(token: string): Promise<TokenExplanation> {
    const { options, directory, jwks, clock } = this;
    return explainToken(token, { options, directory, jwks, clock });
  }

  /** Milliseconds since 1970 from which on a token is refused as expired; Infinity without `exp`. */
  usableUntilMs({ claims }: ValidatedToken): number {
    return claims.exp === undefined ? Infinity : claims.exp * 1_000 + this.options.clockToleranceMs;
  }
}
