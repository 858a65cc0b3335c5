import { isJsonObject, type JsonObject } from '../model/json.js';
import type { ValidatedToken } from '../model/token.js';

/** More than any delegation has; a chain is the sender's choice. */
const MOST_ACTORS = 8;

/**
 * Who acts for the subject of a token (RFC 8693 section 4.1). Further claims about it may stand beside. `sub` or `client_id` is
 * there; an `act` inside is whoever acted before, and decides nothing.
 *
 * @example
 * { sub: 'support-desk', client_id: 'crm', act: { sub: 'gateway' } }
 */
export interface Actor extends JsonObject {
  /** The actor's own subject. */
  readonly sub?: string;
  /** The client that acts, if the provider says so. */
  readonly client_id?: string;
  /** Who names the actor, if that is not the issuer of the token. */
  readonly iss?: string;
}

/** The actor of a token; undefined if its subject acts for itself, null for a claim "act" that nobody can judge. */
export function readActor(claims: ValidatedToken['claims']): Actor | undefined | null {
  const { act } = claims as JsonObject;
  if (act === undefined || act === null) return undefined;
  return isChain(act) ? act : null;
}

/**
 * Only the outermost actor decides anything; those inside are history (RFC 8693 section 4.1). They must be well formed all the
 * same: a broken chain is the work of somebody who does not know what they sign.
 */
function isChain(act: unknown): act is Actor {
  let at: unknown = act;
  for (let depth = 0; depth < MOST_ACTORS; depth++) {
    if (!isJsonObject(at) || !isActor(at)) return false;
    if (!Object.hasOwn(at, 'act')) return true;
    at = at['act'];
  }
  return false;
}

function isActor(value: JsonObject): boolean {
  const names = ['sub', 'client_id', 'iss'].map((name) => value[name]).filter((name) => name !== undefined);
  if (!names.every((name) => typeof name === 'string' && name !== '')) return false;
  return value['sub'] !== undefined || value['client_id'] !== undefined;
}
