import { Inject, Injectable } from '@nestjs/common';
import type { ValidatedToken } from '../model/token.js';
import { explainToken, type TokenExplanation } from './explain-token.js';
import { RuleSets } from './rule-sets.js';
import { RUN_CONTEXT, type RunContext } from './run-context.js';

/** Looks at tokens on behalf of people, with the options of the running application; it decides nothing. */
@Injectable()
export class TokenInspector {
  constructor(
    @Inject(RUN_CONTEXT) private readonly context: RunContext,
    @Inject(RuleSets) private readonly rules: RuleSets,
  ) {}

  /** Each step of the validation, and what it says of a token. */
  explain(token: string): Promise<TokenExplanation> {
    return explainToken(token, this.context, this.rules.configured);
  }

  /** Milliseconds since 1970 from which on a token is refused as expired; Infinity without `exp`. */
  usableUntilMs({ claims }: ValidatedToken): number {
    return claims.exp === undefined ? Infinity : claims.exp * 1_000 + this.context.options.clockToleranceMs;
  }
}
