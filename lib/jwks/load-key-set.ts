import type { Clock } from '../cache/clock.js';
import { IdentityError } from '../errors/identity-error.js';
import type { EventReporter } from '../events/event-reporter.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';
import { belongsToAnotherTenant } from './entra-shared-keys.js';
import { importKeySet, type KeySet } from './key-set.js';

/**
 * Makes the keys of a document usable, and reports those that are not.
 *
 * @param previous - returned as it is if the document holds the same keys: what was verified with them stays verified.
 * @throws {IdentityError} `no_usable_key`: such a document is a failed fetch, the last good set stays.
 */
export async function loadKeySet(
  jwks: readonly unknown[],
  issuer: ResolvedIssuer,
  { reporter, clock }: { readonly reporter: EventReporter; readonly clock: Clock },
  previous?: KeySet,
): Promise<KeySet> {
  const name = issuer.issuer;
  const own = jwks.filter((jwk) => !belongsToAnotherTenant(jwk, issuer));
  const set = await importKeySet(own, {
    previous,
    nowMs: () => clock.monotonicMs(),
    onCut: (cut) => reporter.report({ type: 'jwks.candidates-cut', issuer: name, ...cut }),
  });
  for (const { kid, reason } of set.skipped) {
    reporter.report({ type: 'jwks.key-skipped', issuer: name, kid, reason });
  }
  if (set.keys.length === 0) {
    const count = String(jwks.length);
    throw new IdentityError('no_usable_key', `None of the ${count} keys of ${name} can verify signatures`);
  }
  return previous?.fingerprint === set.fingerprint ? previous : set;
}
