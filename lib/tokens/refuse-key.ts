import { refuse, type IdentityError } from '../errors/identity-error.js';
import { clipped } from '../model/printable.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';

const MEANINGS = {
  key_not_found: 'has the "kid" and "alg" of the token',
  signature_invalid: 'that fits the header verifies the signature',
} as const;

/** The texts of each issuer, by code: a flood of bad tokens does not pay for a text each. */
const refusals = new WeakMap<ResolvedIssuer, Partial<Record<keyof typeof MEANINGS, string>>>();

/** A token that no key of its issuer has signed. Nothing of the token is in the message. */
export function refuseKey(code: keyof typeof MEANINGS, issuer: ResolvedIssuer): IdentityError {
  const texts = refusals.get(issuer) ?? {};
  refusals.set(issuer, texts);
  return refuse(code, (texts[code] ??= `No key of ${clipped(issuer.issuer, 300)} ${MEANINGS[code]}.`));
}
