import { refuse } from '../errors/identity-error.js';
import { listOf } from '../model/printable.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import type { CommonRules } from './token-rules.js';

/** Values of a payload `typ` that some providers give to tokens that are not for APIs. */
const NON_ACCESS_PAYLOAD_TYPES: ReadonlySet<string> = new Set(['refresh', 'logout', 'offline']);
/** The event of a logout token, OpenID Connect Back-Channel Logout section 2.4. */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/**
 * Refuses what is not an access token, however well it is signed: another `typ` (RFC 8725 section 3.11),
 * ID, refresh and logout tokens (OpenID Connect Back-Channel Logout section 2.4), security events
 * (RFC 8417), and DPoP proofs (RFC 9449 section 4.2).
 *
 * @param type - the header's `typ`, normalized; null if there is none.
 * @throws {IdentityError} `token_type_not_accepted`, `not_an_access_token`.
 */
export function checkTokenType(type: string | null, claims: JsonObject, rules: CommonRules): void {
  // RFC 9068 section 4 and RFC 8725 section 3.11: the header says the kind first. Only the list decides, `null` included.
  if (!rules.tokenTypes.includes(type)) throw wrongType(type, rules.tokenTypes);
  const mark = findNonAccessMark(claims, rules.acceptEventsClaim);
  if (mark !== undefined) throw refuse('not_an_access_token', mark);
  // OpenID Connect Core 1.0 section 3.1.3.7 aims an ID token at a client. An API that takes one as an access token lets
  // every client of the provider in that shares the audience.
  if (rules.acceptIdTokens) return;
  const idTokenMark = findIdTokenMark(claims);
  if (idTokenMark === undefined) return;
  throw refuse(
    'not_an_access_token',
    `The claim "${idTokenMark}" marks an ID token. Send the access token; the option "acceptIdTokens" accepts both.`,
  );
}

function wrongType(type: string | null, accepted: CommonRules['tokenTypes']): Error {
  const expected = typesIn(accepted);
  return refuse(
    'token_type_not_accepted',
    type === null
      ? `The header has no "typ"; expected is one of the option "tokenTypes": ${expected}.`
      : `The header "typ" is not one of the option "tokenTypes": ${expected}.`,
  );
}

/** By list: a flood of wrong types builds the text once. */
const typeTexts = new WeakMap<CommonRules['tokenTypes'], string>();

function typesIn(accepted: CommonRules['tokenTypes']): string {
  const text = typeTexts.get(accepted) ?? textOf(accepted);
  typeTexts.set(accepted, text);
  return text;
}

function textOf(accepted: CommonRules['tokenTypes']): string {
  const types = accepted.filter((each) => each !== null);
  return [...(types.length > 0 ? [listOf(types)] : []), ...(accepted.includes(null) ? ['none'] : [])].join(
    ', ',
  );
}

/** Why a token is for something else than an API; undefined if no claim says so. */
function findNonAccessMark(claims: JsonObject, acceptEventsClaim: boolean): string | undefined {
  const { typ, token_use: use, events, htm, htu } = claims;
  if (typeof typ === 'string' && NON_ACCESS_PAYLOAD_TYPES.has(typ.toLowerCase())) {
    return 'The claim "typ" marks a refresh or logout token.';
  }
  // Amazon Cognito writes "access" and "id". An unknown use is not an access token: it fails closed.
  if (use !== undefined && use !== 'access' && use !== 'id') {
    return 'The claim "token_use" is not "access".';
  }
  if (events !== undefined && !(acceptEventsClaim && !isLogout(events))) {
    return 'The claim "events" marks a logout token or a security event; the option "acceptEventsClaim" is for your own claim.';
  }
  return htm !== undefined && htu !== undefined ? 'The claims "htm" and "htu" mark a DPoP proof.' : undefined;
}

function isLogout(events: unknown): boolean {
  return isJsonObject(events) && Object.hasOwn(events, LOGOUT_EVENT);
}

/** The claim by which a token is an ID token; undefined if there is none. */
function findIdTokenMark(claims: JsonObject): string | undefined {
  const { typ, token_use: use, at_hash: ofToken, c_hash: ofCode, s_hash: ofState } = claims;
  if (typeof typ === 'string' && typ.toLowerCase() === 'id') return 'typ';
  if (use === 'id') return 'token_use';
  // Hashes of what came beside an ID token (OpenID Connect Core section 3.3.2.11, FAPI 1.0 part 2 section 5.1).
  if (ofToken !== undefined) return 'at_hash';
  if (ofCode !== undefined) return 'c_hash';
  return ofState === undefined ? undefined : 's_hash';
}
