import { isJsonObject, type JsonObject } from '../model/json.js';

/** What a token is bound to (RFC 7800 section 3.1): one of these, or both, and then the sender needs both. */
export interface Confirmation {
  /** Thumbprint of the key of DPoP proofs (RFC 9449 section 6.1). */
  readonly jkt: string | undefined;
  /** Thumbprint of the certificate of the client (RFC 8705 section 3.1). */
  readonly x5tS256: string | undefined;
}

/**
 * Other ways of binding, by the names that are registered for them (RFC 7800 section 6.2, RFC 9203). Whoever demands one of them
 * beside a thumbprint demands more than can be checked. All other members say something about the binding, and are ignored
 * as RFC 7800 section 3.1 demands: Keycloak has `kc-jkt-type`.
 */
const OTHER_METHODS = ['jwk', 'jwe', 'kid', 'jku', 'osc'];

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
  if (names.length > 1 && OTHER_METHODS.some((name) => names.includes(name))) return null;
  const jkt = thumbprintIn(cnf, 'jkt');
  const x5tS256 = thumbprintIn(cnf, 'x5t#S256');
  if (jkt === null || x5tS256 === null) return null;
  return jkt === undefined && x5tS256 === undefined ? null : { jkt, x5tS256 };
}

/** null if it is none. */
function thumbprintIn(cnf: JsonObject, name: string): string | null | undefined {
  if (!Object.hasOwn(cnf, name)) return undefined;
  const value = cnf[name];
  return typeof value === 'string' && THUMBPRINT.test(value) ? value : null;
}
