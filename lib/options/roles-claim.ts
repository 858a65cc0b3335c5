import { IdentityError } from '../errors/identity-error.js';
import { isJsonObject } from '../model/json.js';
import type { ClaimSource } from './options.types.js';

/**
 * Where providers that fix the place themselves put roles, for the option `rolesClaim`. Where you name the
 * claim yourself (Auth0, Okta, Ory Hydra), the option takes that name; docs/providers/index.md has all of them.
 *
 * An object and not names such as `'keycloak'` in the option: a string there is the name of a claim.
 *
 * @example
 * IdentityModule.forRoot({ issuer, audience, rolesClaim: rolesClaimOf.keycloakClient('orders-api') });
 */
export const rolesClaimOf = Object.freeze({
  /** Keycloak: roles of the realm. */
  keycloakRealm: Object.freeze(['realm_access', 'roles']),
  /** Keycloak: roles of one client, most often that of the API itself. */
  keycloakClient(clientId: string): readonly string[] {
    return Object.freeze(['resource_access', named('keycloakClient', clientId), 'roles']);
  },
  /** Microsoft Entra ID: app roles, of users and of applications. */
  entra: 'roles',
  /** Amazon Cognito: groups of the user pool. */
  cognito: 'cognito:groups',
  /** Duende IdentityServer, once the API resource or the scope asks for the user claim. */
  duende: 'role',
  /** Zitadel: roles of a project, which are in the token as the members of an object. */
  zitadel(projectId: string): (claims: object) => readonly string[] {
    const name = `urn:zitadel:iam:org:project:${named('zitadel', projectId)}:roles`;
    return (claims) => {
      const roles: unknown = Object.hasOwn(claims, name) ? Reflect.get(claims, name) : undefined;
      // Its documentation shows an object in some places and a list of them in others.
      return (Array.isArray(roles) ? roles : [roles]).filter(isJsonObject).flatMap(Object.keys);
    };
  },
  /** Authentik: groups, which come with the scope `profile`. */
  authentik: 'groups',
} as const) satisfies Readonly<Record<string, ClaimSource | ((name: string) => ClaimSource)>>;

/** A preset that was passed instead of called would look for roles in all the wrong places. */
function named(preset: string, name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new IdentityError('options_invalid', `rolesClaimOf.${preset} expects a name: call it with one`);
}
