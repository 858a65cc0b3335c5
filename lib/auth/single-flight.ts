import type { ValidatedToken } from '../model/token.js';

/** What is found out about one token for all fields of an operation: nothing that depends on a field. */
export interface SharedFindings {
  readonly validating: Promise<ValidatedToken>;
  /** Of a `mapUser` that is not told about the field. */
  mapping?: Promise<unknown>;
}

/**
 * One validation for all guards that ask about one token of one carrier: a GraphQL operation may name a field a
 * thousand times over under aliases, and must not make a thousand checks of a signature from one token.
 */
export class SharedPasses {
  private readonly running = new WeakMap<object, Map<string, SharedFindings>>();

  /** @param outlives - whether the carrier outlives the request: then the findings are forgotten once they are there. */
  of(
    carrier: object,
    token: string,
    outlives: boolean,
    validate: () => Promise<ValidatedToken>,
  ): SharedFindings {
    const ofCarrier = this.running.get(carrier) ?? new Map<string, SharedFindings>();
    const known = ofCarrier.get(token);
    if (known !== undefined) return known;
    const findings: SharedFindings = { validating: validate() };
    this.running.set(carrier, ofCarrier.set(token, findings));
    if (outlives) {
      const forget = (): unknown => ofCarrier.delete(token);
      findings.validating.then(forget, forget);
    }
    return findings;
  }
}
