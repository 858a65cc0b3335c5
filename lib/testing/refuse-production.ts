import { IdentityError } from '../errors/identity-error.js';

/** What has to be said for the kit to run where NODE_ENV is "production". */
export interface ProductionConsent {
  /** Lets the test kit run with NODE_ENV=production: whoever holds its keys can be anybody. @default false */
  readonly allowInProduction?: true | undefined;
}

/**
 * A provider that signs whatever it is asked for must not end up in production by accident.
 *
 * @throws {IdentityError} `testing_in_production`.
 */
export function refuseProduction(what: string, { allowInProduction }: ProductionConsent = {}): void {
  if (process.env['NODE_ENV']?.trim().toLowerCase() !== 'production' || allowInProduction === true) return;
  throw new IdentityError(
    'testing_in_production',
    `${what} is for tests, and NODE_ENV is "production": it would let anybody in. Remove it, or say allowInProduction: true`,
  );
}
