import { clientIdOf } from '../model/client-id.js';
import type { ValidatedToken } from '../model/token.js';
import type { GrantedResource } from '../options/options.types.js';
import { readScopes } from '../tokens/read-scopes.js';

/**
 * What the MCP SDK knows of a token (`AuthInfo` there): it is in `request.auth`, and tools find it as `ctx.http.authInfo`.
 * The shape alone, so that the SDK is not loaded.
 */
export interface McpAuthInfo {
  /** The token itself. It is a credential: do not log it, and do not pass it on to another server. */
  token: string;
  /** `client_id`, `azp`, `appid` (Entra ID) or `cid` (Okta) of the token; an empty string if it has none of them. */
  clientId: string;
  scopes: string[];
  /** Expiry, in seconds since 1970. */
  expiresAt: number;
  /** The protected resource that the token was accepted for. */
  resource?: URL;
  /** Where the metadata of the resource is found; the SDK names it in its challenges (RFC 9728 section 5.1). */
  resourceMetadataUrl?: string;
  extra: McpAuthExtra;
}

/** What else tools may want to know of the caller. */
export interface McpAuthExtra extends Record<string, unknown> {
  /** The issuer that vouches for the token. */
  issuer: string;
  /** The claims of the token, frozen. */
  claims: ValidatedToken['claims'];
}

/** What a validated token does not say by itself. */
export interface AuthInfoDetails {
  /** What the token grants. @default what its claims `scope` or `scp` name */
  readonly scopes?: readonly string[] | undefined;
  /** The protected resource that the token was accepted for: its identifier, or what `mapUser` gets. @default none */
  readonly resource?: string | URL | GrantedResource | undefined;
}

const SCOPE_CLAIMS = ['scope', 'scp'] as const;

/**
 * What the MCP SDK expects in `request.auth`, of a validated token.
 *
 * @example
 * mapUser: (validated, _context, { scopes, resource }) => toAuthInfo(validated, { scopes, resource })
 */
export function toAuthInfo(validated: ValidatedToken, details: AuthInfoDetails = {}): McpAuthInfo {
  const { claims, issuer, token } = validated;
  const { scopes = readScopes(claims, SCOPE_CLAIMS), resource } = details;
  return {
    token,
    clientId: clientIdOf(claims) ?? '',
    scopes: [...scopes],
    expiresAt: claims.exp,
    ...resourceMembers(resource),
    extra: { issuer, claims },
  };
}

function resourceMembers(
  resource: AuthInfoDetails['resource'],
): Pick<McpAuthInfo, 'resource' | 'resourceMetadataUrl'> {
  if (resource === undefined) return {};
  if (typeof resource === 'string' || resource instanceof URL) return { resource: new URL(resource) };
  return { resource: new URL(resource.url), resourceMetadataUrl: resource.metadataUrl };
}
