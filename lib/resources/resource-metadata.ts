import type { ResolvedOptions } from '../options/resolved-options.js';
import type { ResolvedResource } from '../options/resource-options.js';

/** What the options say of tokens that are bound to a key or a certificate. */
export type SenderOptions = Pick<ResolvedOptions, 'senderConstrained' | 'dpop' | 'mtls'>;

/**
 * The metadata of a resource (RFC 9728 section 2), as JSON. All of it comes from the configuration, nothing from a request.
 * Members without values are left out (section 3.2).
 */
export function resourceMetadata(
  { url, name, scopes, documentation, authorizationServers }: ResolvedResource,
  sender: SenderOptions,
): string {
  return JSON.stringify({
    resource: url,
    ...(authorizationServers.length > 0 && { authorization_servers: authorizationServers }),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    ...(name !== undefined && { resource_name: name }),
    ...(documentation !== undefined && { resource_documentation: documentation }),
    ...bindingMembers(sender),
  });
}

/** Members that are false are left out: that is their default. */
function bindingMembers({ senderConstrained, dpop, mtls }: SenderOptions): object {
  if (senderConstrained === 'reject') return {};
  return {
    ...(mtls !== undefined && { tls_client_certificate_bound_access_tokens: true }),
    ...(dpop !== undefined && { dpop_signing_alg_values_supported: dpop.algorithms }),
    // Beside certificates, tokens need not be bound to the key of proofs.
    ...(senderConstrained === 'require' && mtls === undefined && { dpop_bound_access_tokens_required: true }),
  };
}
