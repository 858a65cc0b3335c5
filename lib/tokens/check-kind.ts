import { refuse } from '../errors/identity-error.js';
import type { JsonObject } from '../model/json.js';
import type { TokenRules } from './token-rules.js';

/** Values of a payload `typ` that some providers give to tokens that are not for APIs. */
const FOREIGN_PAYLOAD_TYPES: ReadonlySet<string> = new Set(['refresh', 'logout', 'offline']);
/**
 * Refuses what is not an access token, however well it is signed: another `typ` (RFC 8725 section 3.11),
 * ID, refresh and logout tokens (OpenID Connect Back-Channel Logout section 2.4), security events
 * (RFC 8417), and DPoP proofs (RFC 9449 section 4.2).
 *
 * @param type - the header's `typ`, normalized; null where there is none.
 * @throws {IdentityError} `token_type_not_accepted`, `not_an_access_token`.
 */
export function checkKind(type: string | null, claims: JsonObject, rules: TokenRules): void {
  // RFC 9068 section 4: an access token of that profile says so.
  const accepted = rules.profile === 'rfc9068' ? type === 'at+jwt' : rules.tokenTypes.includes(type);
  if (!accepted) throw refuse('token_type_not_accepted');
  if (isForeign(claims) || (!rules.acceptIdTokens && isIdToken(claims))) throw refuse('not_an_access_token');
}

function isForeign(claims: JsonObject): boolean {
  const { typ, token_use: use, events, htm, htu } = claims;
  if (typeof typ === 'string' && FOREIGN_PAYLOAD_TYPES.has(typ.toLowerCase())) return true;
  if (use !== undefined && use !== 'access' && use !== 'id') return true;
  return events !== undefined || (htm !== undefined && htu !== undefined);
}

function isIdToken(claims: JsonObject): boolean {
  const { typ, token_use: use, at_hash: ofToken, c_hash: ofCode, s_hash: ofState } = claims;
  if ((typeof typ === 'string' && typ.toLowerCase() === 'id') || use === 'id') return true;
  // Hashes of what came beside an ID token (OpenID Connect Core section 3.3.2.11, FAPI 1.0 part 2 section 5.1).
  return ofToken !== undefined || ofCode !== undefined || ofState !== undefined;
}
