import { isJsonObject, type JsonObject } from '../model/json.js';

/** What a token is bound to (RFC 7800 section 3.1). */
export interface Confirmation {
  /** Thumbprint of the key of DPoP proofs (RFC 9449 section 6.1). */
  readonly jkt: string;
}

/**
 * Other ways of binding, by the names that are registered for them (RFC 7800 section 6.2, RFC 8705, RFC 9203). Whoever demands one
 * of them beside `jkt` demands more than a DPoP proof. All other members say something about the binding, and are ignored
 * as RFC 7800 section 3.1 demands: Keycloak has `kc-jkt-type`.
 */
const OTHER_METHODS = ['jwk', 'jwe', 'kid', 'jku', 'x5t#S256', 'osc'];

/** SHA-256 in base64url. */
const THUMBPRINT = /^[\w-]{43}$/;

/**
 * Reads the claim `cnf`.
 *
 * @returns null if it has no form in which possession could be proven, or demands a proof that cannot be checked; undefined if the
 *   token is bound to nothing.
 */
export function readConfirmation({ cnf }: JsonObject): Confirmation | null | undefined {
  if (cnf === undefined) return undefined;
  if (!isJsonObject(cnf)) return null;
  const names = Object.keys(cnf);
  if (!names.includes('jkt')) return null;
  if (names.length > 1 && OTHER_METHODS.some((name) => names.includes(name))) return null;
  const { jkt } = cnf;
  return typeof jkt === 'string' && THUMBPRINT.test(jkt) ? { jkt } : null;
}
