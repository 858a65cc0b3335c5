import { certificateKey, type Credentials } from '../model/credentials.js';
import type { ValidatedToken } from '../model/token.js';

/**
 * One validation for all guards that ask about one token of one request at the same time: a GraphQL operation may name a
 * field a thousand times over under aliases, and must not make a thousand checks of a signature from one token.
 */
export class SingleFlight {
  private readonly flights = new WeakMap<object, Map<string, Flight>>();

  /** @param outlives - whether the holder outlives the request: then the flight is forgotten as soon as it has ended. */
  join(
    holder: object,
    credentials: Credentials,
    outlives: boolean,
    validate: () => Promise<ValidatedToken>,
  ): Flight {
    const ofHolder = this.flights.get(holder) ?? new Map<string, Flight>();
    const key = keyOf(credentials);
    const known = ofHolder.get(key);
    if (known !== undefined) return known;
    const flight = new Flight(validate());
    this.flights.set(holder, ofHolder.set(key, flight));
    if (outlives) {
      const forget = (): unknown => ofHolder.delete(key);
      flight.validated.then(forget, forget);
    }
    return flight;
  }
}

/** A token that one proof or certificate came with is not proven by another. */
function keyOf({ scheme, token, proof, certificate }: Credentials): string {
  if (certificate === undefined && scheme === 'Bearer') return token;
  return `${scheme} ${token} ${certificateKey(certificate)} ${JSON.stringify(proof)}`;
}

/** What is found out about one token for all fields of an operation: nothing that depends on a field. */
export class Flight {
  private user: Promise<unknown> | undefined;

  constructor(readonly validated: Promise<ValidatedToken>) {}

  /** The user of a `mapUser` that says it does not depend on the field. */
  userOnce(map: () => Promise<unknown>): Promise<unknown> {
    return (this.user ??= map());
  }
}
