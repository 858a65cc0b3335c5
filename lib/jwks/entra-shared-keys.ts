import { isJsonObject } from '../model/json.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';

/** What Microsoft Entra ID puts in the place of a tenant, in a document that all tenants share. */
const ANY_TENANT = '{tenantid}';

/**
 * Whether a key of a set that several issuers share belongs to another of them. Entra's set for all tenants
 * says of each key whose it is: some are everybody's, those for personal accounts are one tenant's alone.
 */
export function belongsToAnotherTenant(jwk: unknown, { issuer, metadataIssuer }: ResolvedIssuer): boolean {
  if (!metadataIssuer.includes(ANY_TENANT) || !isJsonObject(jwk)) return false;
  const { issuer: owner } = jwk;
  return typeof owner === 'string' && owner !== issuer && !owner.includes(ANY_TENANT);
}
