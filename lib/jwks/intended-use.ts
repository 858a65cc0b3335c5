import type { JsonObject } from '../model/json.js';

/**
 * Why a key is not one that signatures are verified with, by what it says of its own use (RFC 7517 sections 4.2 and 4.3); undefined if
 * it says nothing, or that it is.
 */
export function findMisuse({ use, key_ops: operations }: JsonObject): string | undefined {
  if (use !== undefined && use !== 'sig') return '"use" is not "sig"';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return '"key_ops" does not include "verify"';
  }
  return undefined;
}
