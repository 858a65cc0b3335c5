import type { ExecutionContext } from '@nestjs/common';
import type { ValidatedToken } from '../model/token.js';

/**
 * An own check over a token that has passed all others, run on every use. `true` accepts, anything
 * else refuses (401 `check_refused`). A thrown HttpException or IdentityError keeps its meaning; any
 * other throw is a 503 `check_failed`.
 */
export type ValidateHook = (validated: ValidatedToken) => boolean | Promise<boolean>;

/**
 * Makes `request.user` of a validated token, after all checks; may be async. null or undefined is a 401 `user_refused`, a
 * throw a 503 `check_failed`; a thrown HttpException or IdentityError keeps its meaning. Each is an event and is logged.
 *
 * `sub` names a user at its issuer only (OpenID Connect Core section 5.7): find users by `issuer` and `claims.sub`.
 *
 * It is asked once for each call of a handler: in GraphQL for each field, every alias included. `oncePerOperation` makes one
 * that is asked once for a whole operation, which bounds what look-ups a client can cause.
 *
 * @example
 * mapUser: ({ issuer, claims }) => users.findOne({ issuer, subject: claims.sub })
 * @example
 * mapUser: ({ claims }, _context, { scopes, roles }) => ({ id: claims.sub, scopes, roles })
 */
export type MapUser = (
  validated: ValidatedToken,
  context: ExecutionContext,
  rights: GrantedRights,
) => unknown;

/** What a token grants, as the options read it. Each member is worked out when it is read. */
export interface GrantedRights {
  /**
   * The scopes of the token with those that they include (`scopeImplies`). Of those behind a `*`, the ones that the resources
   * name in `scopes`.
   */
  readonly scopes: readonly string[];
  /** The roles of the token (`rolesClaim`); none without that option. */
  readonly roles: readonly string[];
  /** The protected resource that the route belongs to; undefined if none is configured. */
  readonly resource: GrantedResource | undefined;
}

/** A protected resource, as clients know it (RFC 9728). */
export interface GrantedResource {
  /** Its identifier. */
  readonly url: string;
  /** Where its metadata is found (RFC 9728 section 3.1). */
  readonly metadataUrl: string;
}

/**
 * Takes the token out of a request: any function of `ExtractJwt`, which is passport-jwt's and exported here as well:
 * package managers that are strict, such as pnpm, hide what an application does not install itself.
 *
 * The request is of whatever type the platform has, Express's or Fastify's, so it is `any`.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type JwtFromRequest = (request: any) => string | null;

/** Where a claim is found: its name, a path of member names, or a function over the claims. */
export type ClaimSource = string | readonly string[] | ((claims: ValidatedToken['claims']) => unknown);

/** Request headers by name. */
export type HeaderValues = Readonly<Record<string, string>>;

/** Request headers, or a function that is called for each request, for credentials that rotate. */
export type HeadersSource = HeaderValues | (() => HeaderValues | Promise<HeaderValues>);

/** What is used of a dispatcher: those of undici 6, 7 and 8 have it, and Node's own global one. */
export interface HttpDispatcher {
  dispatch(options: never, handler: never): boolean;
}

/**
 * Which rules hold in addition to those of RFC 7519: `rfc9068` for the form of tokens, or `fapi2`, for the whole module only: what
 * the FAPI 2.0 Security Profile requires of a resource server.
 */
export type Profile = 'any' | 'rfc9068' | 'fapi2';

/**
 * How a provider's clients learn that the user must log in again: by the challenge of RFC 9470 with `acr_values` and `max_age`, or by
 * Entra ID's claims challenge, whose contexts are in the claim `acrs`.
 */
export type StepUp = 'rfc9470' | 'entra';

/**
 * What to do with tokens that are bound to a key of the client (RFC 7800 `cnf`): refuse them, accept them with a proof beside bearer
 * tokens, or refuse all others.
 */
export type SenderConstrained = 'reject' | 'accept' | 'require';
