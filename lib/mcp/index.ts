export { mcpUser, type McpUser } from './mcp-user.js';
export { toAuthInfo, type AuthInfoDetails, type McpAuthExtra, type McpAuthInfo } from './auth-info.js';
export { IdentityMcpVerifier, type McpVerifierOptions } from './mcp-verifier.js';
