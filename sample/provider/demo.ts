/** The API as the provider knows it (RFC 8707 resource indicator), and as tokens name it in `aud`. */
export const RESOURCE = 'urn:demo:orders-api';
export const AUDIENCE = 'orders-api';
export const SCOPES = ['orders:read', 'orders:write'] as const;
/** Who may see the dashboard. */
export const OPERATOR_SCOPE = 'identity:read';

/**
 * Clients of the demo provider. Their secrets stand in the source because it listens on loopback only
 * and forgets everything when it ends; never do this with a provider that others can reach.
 */
export const CLIENTS = {
  cli: { id: 'orders-cli', secret: 'orders-cli-secret', scopes: SCOPES },
  reporting: { id: 'reporting', secret: 'reporting-secret', scopes: ['orders:read'] },
  operator: { id: 'operator', secret: 'operator-secret', scopes: [OPERATOR_SCOPE] },
} as const;
