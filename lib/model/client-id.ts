import type { AccessTokenClaims } from './claims.js';

/** RFC 9068 section 2.2 `client_id`; what OpenID Connect calls `azp`, Entra ID `appid`, Okta `cid`. */
const CLIENT_CLAIMS = ['client_id', 'azp', 'appid', 'cid'] as const;

/** The client that a token was issued to; undefined if the token does not name it. */
export function clientIdOf(claims: AccessTokenClaims): string | undefined {
  const names: readonly unknown[] = CLIENT_CLAIMS.map((claim) => claims[claim]);
  return names.find((name): name is string => typeof name === 'string' && name !== '');
}
