import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../model/json.js';

/** What a token of a test is to say. Everything else is as a provider would have it. */
export interface TestTokenOptions {
  /** @default 'test-user' */
  readonly sub?: string | undefined;
  /** Granted scopes: a list, or separated by spaces (RFC 6749 section 3.3). @default none */
  readonly scope?: string | readonly string[] | undefined;
  /** `aud`. @default the issuer's audience */
  readonly audience?: string | readonly string[] | undefined;
  /** The protected resource that it is for, instead of `audience`: its `url`, if tokens name it so. @default none */
  readonly resource?: string | undefined;
  /** The authentication context of the login (`acr`). @default none */
  readonly acr?: string | undefined;
  /** When the user logged in (`auth_time`). @default none */
  readonly authTime?: Date | undefined;
  /** Who acts for the subject (RFC 8693 section 4.1 `act`). @default none */
  readonly act?: JsonObject | undefined;
  /** What is granted in detail (RFC 9396). @default none */
  readonly authorizationDetails?: readonly JsonObject[] | undefined;
  /** From now to `exp`, in milliseconds; negative for a token that has expired. @default 300000 */
  readonly expiresInMs?: number | undefined;
  /** Members of the claims, in front of all others; undefined removes one. */
  readonly claims?: JsonObject | undefined;
  /** Members of the JOSE header, in front of all others; undefined removes one. */
  readonly header?: JsonObject | undefined;
}

/** Where a token comes from and whom it is for. */
export interface TokenFrame {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  /** @default 'aud' */
  readonly audienceClaim?: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Claims of an access token in the form of RFC 9068 section 2.2. */
export function testClaims(options: TestTokenOptions, frame: TokenFrame): JsonObject {
  // NumericDate (RFC 7519 section 2) allows fractions; providers write whole seconds, and so do these tokens.
  const nowSec = Math.floor(frame.nowMs / 1000);
  const { sub = 'test-user', scope, expiresInMs = 300_000 } = options;
  return {
    iss: frame.issuer,
    sub,
    client_id: 'test-client',
    iat: nowSec,
    exp: nowSec + Math.floor(expiresInMs / 1000),
    jti: randomUUID(),
    ...(scope === undefined ? {} : { scope: typeof scope === 'string' ? scope : scope.join(' ') }),
    ...loginClaims(options),
    [frame.audienceClaim ?? 'aud']: options.resource ?? options.audience ?? frame.audience,
    ...options.claims,
  };
}

/** What is said only if the test says it. */
function loginClaims({ acr, authTime, act, authorizationDetails }: TestTokenOptions): JsonObject {
  return {
    ...(acr !== undefined && { acr }),
    ...(authTime !== undefined && { auth_time: Math.floor(authTime.getTime() / 1000) }),
    ...(act !== undefined && { act }),
    ...(authorizationDetails !== undefined && { authorization_details: authorizationDetails }),
  };
}
