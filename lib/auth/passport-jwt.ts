import { ExtractJwt as extractors, Strategy } from 'passport-jwt';
import type { JwtFromRequest } from '../options/options.types.js';

// What is used of passport-jwt, in types of our own. Its declarations are a package apart, which brings those of Express and
// eleven others: every application would have to install them.

/** The functions of passport-jwt that take a token out of a request, for the option `jwtFromRequest`. */
export interface TokenExtractors {
  /** @param name - of the header that holds the token alone. */
  fromHeader(name: string): JwtFromRequest;
  /** @param name - of a field of the parsed body (RFC 6750 section 2.2). */
  fromBodyField(name: string): JwtFromRequest;
  /** @param name - of a parameter of the URL (RFC 6750 section 2.3); URLs end up in logs. */
  fromUrlQueryParameter(name: string): JwtFromRequest;
  /** @param scheme - the scheme of the Authorization header, in any case. */
  fromAuthHeaderWithScheme(scheme: string): JwtFromRequest;
  /** The first of them that finds a token. */
  fromExtractors(extractors: JwtFromRequest[]): JwtFromRequest;
  /** The Authorization header with the scheme Bearer. */
  fromAuthHeaderAsBearerToken(): JwtFromRequest;
}

/**
 * Those of passport-jwt. It is a dependency of this package: applications under pnpm cannot import it themselves.
 *
 * @example
 * IdentityModule.forRoot({ issuer, audience, jwtFromRequest: ExtractJwt.fromHeader('x-access-token') });
 */
export const ExtractJwt: TokenExtractors = extractors;

/** A strategy of passport: `authenticate` ends in one of the others, which passport adds for the call. */
export interface PassportStrategy {
  /** What passport knows it by. */
  name: string;
  authenticate(request: object, options?: object): void;
  /** The caller is who the token says. */
  success(user: unknown, info?: object): void;
  /** The caller is rejected. @param status - of the answer. */
  fail(challenge: unknown, status: number): void;
  fail(status: number): void;
  redirect(url: string, status?: number): void;
  /** Leaves the request as it is, without a user. */
  pass(): void;
  /** Nothing could be decided. */
  error(error: Error): void;
}

/** What passport-jwt's strategy has to be given, though ours decides by itself. */
interface StrategyOptions {
  readonly jwtFromRequest: JwtFromRequest;
  readonly secretOrKeyProvider: (request: unknown, token: unknown, done: (error: Error) => void) => void;
}

/** The strategy of passport-jwt. */
export const JwtStrategy: new (options: StrategyOptions, verify: () => void) => PassportStrategy = Strategy;
