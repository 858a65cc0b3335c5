import type { ValidatedToken } from '../model/token.js';
import type { GuardPass } from './guard-pass.js';

/** What one pass finds out about a token, apart from the demands of a route. */
export interface Findings {
  readonly validating: Promise<ValidatedToken>;
  readonly mapping: (validated: ValidatedToken) => Promise<unknown>;
}

/**
 * One validation for all guards that ask about one carrier at a time: a GraphQL operation may name a field a
 * thousand times over under aliases, and must not make a thousand checks of a signature from one token.
 */
export class SharedPasses {
  private readonly running = new WeakMap<object, Findings>();

  /** Of a carrier that outlives a request the findings are forgotten as soon as they are there. */
  of(carrier: object, { transport }: GuardPass, find: () => Findings): Findings {
    const known = this.running.get(carrier);
    if (known !== undefined) return known;
    const { validating, mapping } = find();
    let mapped: Promise<unknown> | undefined;
    const findings: Findings = { validating, mapping: (validated) => (mapped ??= mapping(validated)) };
    this.running.set(carrier, findings);
    if (transport.isLongLived(carrier)) {
      const forget = (): unknown => this.running.delete(carrier);
      validating.then(forget, forget);
    }
    return findings;
  }
}
