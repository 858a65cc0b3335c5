import { transportOf } from '../transports/transport-of.js';
import type { ExecutionContext } from '@nestjs/common';
import type { ValidatedToken } from '../model/token.js';
import type { GrantedRights, MapUser } from '../options/options.types.js';
import { toAuthInfo } from './auth-info.js';

/** A user as MCP modules read it, such as MCP-Nest in `@ToolScopes` and `@ToolRoles`: the claims of the token, and what it grants. */
export interface McpUser {
  /** The granted scopes, separated by spaces; what they include (`scopeImplies`) is among them. */
  readonly scope: string;
  /** The same as a list. */
  readonly scopes: readonly string[];
  /** As the option `rolesClaim` finds them; none without it. */
  readonly roles: readonly string[];
  readonly [claim: string]: unknown;
}

/** Where MCP-Nest looks for the address of the metadata, for its own challenges; its name there is MCP_RESOURCE_METADATA_URL. */
const METADATA_URL = Symbol.for('@rekog/mcp-nest:resource-metadata-url');

/**
 * A `mapUser` for applications that serve MCP: MCP-Nest finds scopes and roles in `request.user`, and the SDK finds its
 * `AuthInfo` in `request.auth`, on Fastify in the request of Node.js as well, which is the one that both get.
 *
 * Scopes and roles are those that the module's options lead to. Claims of these names do not count by themselves, nor does
 * `user_data`, in which MCP-Nest would look for roles.
 *
 * @example
 * IdentityModule.forRoot({ issuer, resource: { url: 'https://api.example.com/mcp' }, mapUser: mcpUser() })
 */
export function mcpUser(): MapUser {
  return (validated, context, rights) => {
    const user = userOf(validated, rights);
    if (isRequest(context)) attach(validated, context, rights, user);
    return user;
  };
}

/** MCP over HTTP has one handler for a request. */
function isRequest(context: ExecutionContext): boolean {
  const transport = transportOf(context);
  return transport.handlersPerRequest === 'one' && transport.isRequest(transport.holderOf(context));
}

function userOf({ claims }: ValidatedToken, { scopes, roles }: GrantedRights): McpUser {
  const { user_data: _, ...rest } = claims;
  return { ...rest, scope: scopes.join(' '), scopes, roles };
}

function attach(
  validated: ValidatedToken,
  context: ExecutionContext,
  { scopes, resource }: GrantedRights,
  user: McpUser,
): void {
  const request = context.switchToHttp().getRequest<{ raw?: object }>();
  const auth = toAuthInfo(validated, { scopes, resource });
  const members = { user, auth, ...(resource && { [METADATA_URL]: resource.metadataUrl }) };
  // Fastify's request of its own has the one of Node.js inside; Express's is the one of Node.js.
  for (const each of new Set([request, request.raw ?? request])) Object.assign(each, members);
}
