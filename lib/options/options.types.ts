import type { ExecutionContext } from '@nestjs/common';
import type { HeadersSource, HttpDispatcher, TlsOptions } from '../http/http-settings.js';
import type { JsonObject } from '../model/json.js';
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
 * It is asked once for each call of a handler. In GraphQL a function that takes `validated` alone is asked once for an
 * operation, and is handed no context; one that takes the context is asked for each field, every alias included.
 *
 * @example
 * mapUser: ({ issuer, claims }) => users.findOne({ issuer, subject: claims.sub })
 */
export type MapUser = (validated: ValidatedToken, context: ExecutionContext) => unknown;

/**
 * Takes the token out of a request: any function of `ExtractJwt`, which is passport-jwt's and exported here as well:
 * package managers that keep to the letter, such as pnpm, hide what an application does not install itself.
 *
 * The request is of whatever type the platform has, Express's or Fastify's, hence `any`.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type JwtFromRequest = (request: any) => string | null;

/** Where a claim is found: its name, a path of member names, or a function over the claims. */
export type ClaimSource = string | readonly string[] | ((claims: ValidatedToken['claims']) => unknown);

export type Profile = 'any' | 'rfc9068';

/** How the module speaks to a provider. All durations in milliseconds. */
export interface HttpOptions {
  /** One attempt, connect to last byte. @default IDENTITY_HTTP_TIMEOUT_MS of the environment, HTTP_TIMEOUT (in seconds), or 5000 */
  readonly timeoutMs?: number | undefined;
  /** One look-up, discovery through keys, with all retries. @default 10000 */
  readonly deadlineMs?: number | undefined;
  /** Attempts after the first, only while there is no last-good value. @default 2 */
  readonly retries?: number | undefined;
  /** Connections an origin. @default 100 */
  readonly maxConnections?: number | undefined;
  /** How long an idle connection is kept. @default 60000 */
  readonly keepAliveMs?: number | undefined;
  /** Longest accepted answer, before and after decompression. @default 524288 */
  readonly maxResponseBytes?: number | undefined;
  /** Origins besides loopback that may be spoken to over plain http, e.g. `http://idp.test:8080`. @default [] */
  readonly allowInsecureOrigins?: readonly string[] | undefined;
  /**
   * Whether private, loopback, link-local, shared, unique-local, multicast and reserved addresses may be spoken to
   * (RFC 6890). Names are judged by the address that is connected to; behind a proxy or a `dispatcher`, which
   * resolve names themselves, only addresses and `localhost` are. @default true; false if `issuers` is a function
   */
  readonly allowPrivateNetworks?: boolean | undefined;
  /** Certificate authorities besides those of Node.js and of the environment, client certificate. @default none */
  readonly tls?: TlsOptions | undefined;
  /**
   * Additional request headers, or a function that is called before each request, for credentials that rotate. It
   * may be async; its time is part of `timeoutMs`, and if it fails the look-up does (503 `check_failed`). They are
   * sent to the origins of `issuer`, `discoveryUrl` and `jwksUri`, and to `credentialOrigins`. @default none
   */
  readonly headers?: HeadersSource | undefined;
  /**
   * More origins that get `headers` and the client certificate, e.g. `https://keys.example.com` if the metadata
   * names it in `jwks_uri`. @default []
   */
  readonly credentialOrigins?: readonly string[] | undefined;
  /**
   * A dispatcher of undici 6, 7 or 8, or the global one of Node.js, to use instead of an own pool. The module does not
   * close it; TLS, proxies and the resolution of names are its own. @default own pool
   */
  readonly dispatcher?: HttpDispatcher | undefined;
  /**
   * A proxy's URL; `false` for none. Plain http on loopback never goes through it.
   * @default HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment, not for loopback
   */
  readonly proxy?: string | false | undefined;
  /** Follow redirects, on the same origin only. @default false */
  readonly followRedirects?: boolean | undefined;
}

/** How long an answer of the provider is believed. All durations in milliseconds. */
export interface LifetimeOptions {
  /** Where the answer does not say. @default discovery 3600000, jwks 600000 */
  readonly ttlMs?: number | undefined;
  /** Never fresh for less. @default 60000 */
  readonly minTtlMs?: number | undefined;
  /** Never fresh for more. @default discovery 86400000, jwks 3600000 */
  readonly maxTtlMs?: number | undefined;
  /** Served for so much longer while the provider is down. @default 86400000 */
  readonly staleIfErrorMs?: number | undefined;
}

export interface JwksOptions extends LifetimeOptions {
  /**
   * Least time between two refreshes that unknown key ids ask for. It grows while they bring nothing, to
   * 0.8 * `unknownKidMaxWaitMs` and 5000 at the most. @default 2000
   */
  readonly unknownKidCooldownMs?: number | undefined;
  /**
   * The longest that a request waits for a refresh, whatever the provider does; not less than `unknownKidCooldownMs`.
   * Beyond it the answer is 503 with `Retry-After`. @default 5000
   */
  readonly unknownKidMaxWaitMs?: number | undefined;
  /**
   * The longest that a key id which refreshes did not bring is answered 401 without another look. A first miss is
   * remembered for two seconds, each one that follows for twice as long. @default 5000
   */
  readonly unknownKidTtlMs?: number | undefined;
  /** Requests of one issuer that may wait for keys, the first key set included. @default 1000 */
  readonly maxWaiting?: number | undefined;
  /**
   * Least time between two refreshes that a failed signature under a known key id asks for; four may follow each other
   * at once after a quiet time. It grows as `unknownKidCooldownMs` does. @default 2000
   */
  readonly badSignatureCooldownMs?: number | undefined;
}

export interface CacheOptions {
  /** Issuers held in each cache. @default 128 */
  readonly maxEntries?: number | undefined;
}

/** A cookie that may carry the token of a WebSocket, and the pages that may open one with it. */
export interface CookieTokenOptions {
  /** The exact name; `__Host-…` keeps other hosts of the domain from setting it. */
  readonly name: string;
  /**
   * Origins of the pages, as browsers send them (RFC 6454 section 6.2): `['https://app.example.com']`. A socket that
   * brings the cookie without one of them is refused: any other site may have opened it (cross-site WebSocket hijacking).
   */
  readonly origins: readonly string[];
}

/** What differs outside of HTTP: WebSockets, GraphQL subscriptions and microservices. */
export interface TransportOptions {
  /**
   * Reads `access_token` in the query of the URL that a WebSocket is opened with, too (RFC 6750 section 2.3).
   * URLs end up in logs. @default false
   */
  readonly tokenFromUrl?: boolean | undefined;
  /** Reads the member `access_token` of a microservice message's payload, too. @default false */
  readonly tokenFromPayload?: boolean | undefined;
  /**
   * Reads the token of a WebSocket (ws, socket.io, GraphQL subscriptions) in a cookie of its handshake where nothing else
   * carries one, too. Never that of an HTTP request. @default none
   */
  readonly tokenFromCookie?: CookieTokenOptions | undefined;
  /** Closes a WebSocket when its token expires; without, its messages are refused from then on. @default false */
  readonly closeExpired?: boolean | undefined;
}

/** Bounds of the cache of verified tokens; it is on where these options are given. */
export interface TokenCacheOptions {
  /** Tokens held; the least recently used one leaves. @default 10000 */
  readonly maxEntries?: number | undefined;
  /** Memory held, estimated. @default 67108864 */
  readonly maxBytes?: number | undefined;
}

/** What can be said of one issuer alone, or at the top for all of them. */
export interface SharedIssuerOptions {
  /** Accepted audiences; null accepts any, in writing. Required at the top or in each issuer. */
  readonly audience?: string | readonly string[] | null | undefined;
  /** The claim that names the audience; `client_id` for Amazon Cognito. @default 'aud' */
  readonly audienceClaim?: string | undefined;
  /** Allow-list of JWS algorithms. @default all asymmetric ones that this Node.js can verify */
  readonly algorithms?: readonly string[] | undefined;
  /** `rfc9068` demands `at+jwt` and the claims of RFC 9068 section 2.2. @default 'any' */
  readonly profile?: Profile | undefined;
  /** How the provider is spoken to; an issuer's members stand in front of those at the top. */
  readonly http?: HttpOptions | undefined;
  /** Own check over the validated token. An issuer's runs after the one at the top. @default none */
  readonly validate?: ValidateHook | undefined;
  /**
   * Where roles are, for `@RequireRoles` and `@RequireAnyRole`: a claim, a path or a function; `rolesClaimOf` has those of providers.
   * A list of strings, or a string that is one role. @default none
   */
  readonly rolesClaim?: ClaimSource | undefined;
}

/** What belongs to one issuer only. */
export interface OneIssuerOptions {
  /** What the metadata document must say, literally (Entra's `{tenantid}`, ADFS). @default issuer */
  readonly metadataIssuer?: string | undefined;
  /** URL of the metadata document; there is no fallback to another one. @default made from the issuer */
  readonly discoveryUrl?: string | undefined;
  /** URL of the key set; skips discovery. @default from the metadata document */
  readonly jwksUri?: string | undefined;
}

/** One of several issuers. */
export interface IssuerOptions extends SharedIssuerOptions, OneIssuerOptions {
  /** The exact string that tokens carry in `iss`. */
  readonly issuer: string;
  /** A key set (RFC 7517 section 5) to use as it is; skips discovery, and nothing is ever fetched. */
  readonly jwks?: JsonObject | undefined;
}

/**
 * Names issuers while tokens come in: for tenants that are not known at start. Its answers are cached,
 * for `discovery.ttlMs`, refusals for `jwks.unknownKidTtlMs`. undefined refuses; a throw is a 503.
 *
 * @param unverifiedIssuer - what a token claims; nothing of it is verified but that `allowedIssuers` lets it through.
 */
export type IssuerSource = (
  unverifiedIssuer: string,
) => IssuerOptions | undefined | Promise<IssuerOptions | undefined>;

/** Options of `IdentityModule.forRoot`. */
export interface IdentityModuleOptions extends SharedIssuerOptions, OneIssuerOptions {
  /** The exact string that tokens carry in `iss`. Required, unless `issuers` is given. */
  readonly issuer?: string | undefined;
  /** Several issuers, instead of `issuer`; or a function that names them, together with `allowedIssuers`. */
  readonly issuers?: readonly IssuerOptions[] | IssuerSource | undefined;
  /** What a function `issuers` may be asked for: a list, or a predicate over the unverified string. */
  readonly allowedIssuers?: readonly string[] | ((unverifiedIssuer: string) => boolean) | undefined;
  /** Accepted `typ` header values, case-insensitive; null stands for an absent one. @default ['at+jwt', 'JWT', null] */
  readonly tokenTypes?: readonly (string | null)[] | undefined;
  /** Lifts the marks by which ID tokens are refused. @default false */
  readonly acceptIdTokens?: boolean | undefined;
  /**
   * Accepts a claim `events` of your own. Without it the claim marks a security event (RFC 8417 section 2.2);
   * logout tokens are refused in either case. @default false
   */
  readonly acceptEventsClaim?: boolean | undefined;
  /** Claims that must be present besides `iss`, `exp` and the audience. @default ['exp'] */
  readonly requiredClaims?: readonly string[] | undefined;
  /** Leeway for `exp`, `nbf` and `iat`, in milliseconds. @default 30000 */
  readonly clockToleranceMs?: number | undefined;
  /** What becomes `request.user`; find users by `issuer` and `claims.sub` together. @default the claims */
  readonly mapUser?: MapUser | undefined;
  /** Longer tokens are refused before any parsing. @default 16384 */
  readonly maxTokenBytes?: number | undefined;
  /** Takes the token out of a request. @default a strict reader of the Authorization header (RFC 6750 section 2.1) */
  readonly jwtFromRequest?: JwtFromRequest | undefined;
  /** `realm` of the challenge (RFC 9110 section 11.5). @default 'api' */
  readonly realm?: string | undefined;
  /** Where the scopes are. @default 'scope', then 'scp' */
  readonly scopeClaim?: ClaimSource | undefined;
  /** What to do with tokens that carry `cnf` (RFC 7800): 'reject' is the only way yet. @default 'reject' */
  readonly senderConstrained?: 'reject' | undefined;
  /** `resource_metadata` of the challenge (RFC 9728 section 5.1). @default none */
  readonly resourceMetadataUrl?: string | undefined;
  /** `await` holds the start until all keys are there, or fails it; `off` fetches on first use. @default 'background' */
  readonly warmUp?: 'background' | 'await' | 'off' | undefined;
  readonly cache?: CacheOptions | undefined;
  /** Spares the signature check of tokens that come again; every other check is made on every use. @default off */
  readonly tokenCache?: TokenCacheOptions | undefined;
  readonly transports?: TransportOptions | undefined;
  readonly discovery?: LifetimeOptions | undefined;
  readonly jwks?: JwksOptions | undefined;
  /** Part of a lifetime after which a renewal runs in the background, between 0.1 and 1. @default 0.8 */
  readonly refreshAheadRatio?: number | undefined;
  /** What to do about a route that has requirements but no IdentityAuthGuard. @default 'error' */
  readonly unguarded?: 'error' | 'warn' | 'off' | undefined;
}

/** For `forRootAsync({ useClass })` and `useExisting`. */
export interface IdentityOptionsFactory {
  createIdentityOptions(): IdentityModuleOptions | Promise<IdentityModuleOptions>;
}
