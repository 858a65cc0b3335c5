import type { ResolvedResource } from '../options/resource-options.js';

/**
 * The metadata of a resource (RFC 9728 section 2), as JSON. All of it comes from the configuration, nothing from a request.
 * Members without values are left out (section 3.2).
 */
export function resourceMetadata({
  url,
  name,
  scopes,
  documentation,
  authorizationServers,
}: ResolvedResource): string {
  return JSON.stringify({
    resource: url,
    ...(authorizationServers.length > 0 && { authorization_servers: authorizationServers }),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    ...(name !== undefined && { resource_name: name }),
    ...(documentation !== undefined && { resource_documentation: documentation }),
  });
}
