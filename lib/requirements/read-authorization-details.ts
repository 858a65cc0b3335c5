import { isJsonObject, type JsonObject } from '../model/json.js';
import type { ValidatedToken } from '../model/token.js';

/**
 * What was granted in detail (RFC 9396 section 2): its type says what else is in it. Nothing but the type has been checked:
 * read members as what they are, unknown.
 *
 * @example
 * { type: 'payment', locations: ['https://api.example.com'], currency: 'EUR', limit: 100 }
 */
export interface AuthorizationDetail extends JsonObject {
  readonly type: string;
}

const NONE: readonly AuthorizationDetail[] = Object.freeze([]);

/** All details of a token (RFC 9396 section 9.1), none if it has no such claim; null for a claim that is malformed. */
export function readAuthorizationDetails(
  claims: ValidatedToken['claims'],
): readonly AuthorizationDetail[] | null {
  const value = (claims as JsonObject)['authorization_details'];
  if (value === undefined || value === null) return NONE;
  return Array.isArray(value) && value.every(isDetail) ? value : null;
}

/**
 * Those of a type, compared exactly. A detail with `locations` counts only if one of them is the resource (section 2.2): what is
 * granted elsewhere is not granted here.
 *
 * @param resource - the identifier of the route's resource; undefined if none is configured, so that no `locations` fit.
 */
export function detailsOfType(
  details: readonly AuthorizationDetail[],
  type: string,
  resource: string | undefined,
): readonly AuthorizationDetail[] {
  return details.filter((detail) => {
    if (detail.type !== type) return false;
    const locations = detail['locations'];
    if (locations === undefined) return true;
    return resource !== undefined && Array.isArray(locations) && locations.includes(resource);
  });
}

function isDetail(value: unknown): value is AuthorizationDetail {
  return isJsonObject(value) && typeof value['type'] === 'string' && value['type'] !== '';
}
