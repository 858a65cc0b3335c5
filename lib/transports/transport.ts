import type { ExecutionContext } from '@nestjs/common';
import type { Answer } from './error-response.js';
import type { CookieRule } from './read-cookie.js';

/** How tokens are read, from the options of the module. */
export interface TokenReading {
  /** Of an HTTP request: the strict reader, or the application's `jwtFromRequest`. */
  readonly fromRequest: (request: object) => string | undefined;
  readonly tokenFromUrl: boolean;
  readonly tokenFromPayload: boolean;
  /** undefined unless a WebSocket may be opened with a cookie. */
  readonly tokenFromCookie: CookieRule | undefined;
}

/**
 * What the guard and the decorators have to know of one way by which requests come in. There is one object
 * of these for each way; whatever belongs to a request is handed in.
 */
export interface Transport {
  readonly name: 'http' | 'graphql' | 'ws' | 'rpc';

  /**
   * The object that carries the result of the guard to the decorators.
   *
   * @throws {IdentityError} `transport_unsupported`: an unknown kind of request is never let through.
   */
  carrierOf(context: ExecutionContext): object;

  /** Whether the carrier outlives one request: then no result is taken over, because tokens expire meanwhile. */
  isLongLived(carrier: object): boolean;

  /** Whether passport is handed the carrier itself, which is an HTTP request, and leaves its traces there. */
  isRequest(carrier: object): boolean;

  /**
   * Whether `request`, which an override of `getRequest` returned, is a part of what {@link Transport.readToken} reads
   * by itself. Another one is of the application's making: the token is read from its headers, and its user stays on it.
   */
  isOwn(context: ExecutionContext, request: object): boolean;

  /**
   * The token that came along; undefined where none did.
   *
   * @throws {IdentityError} `authorization_malformed`, `token_malformed`, `transport_unsupported`.
   */
  readToken(context: ExecutionContext, carrier: object, reading: TokenReading): string | undefined;

  /** Where `user` is put for the application, besides a carrier that is an HTTP request. */
  userHolder(context: ExecutionContext): object | undefined;

  /** The connection that the request came over, where it can be closed when the token expires. */
  connectionOf(context: ExecutionContext): Connection | undefined;

  /** What clients of this transport know how to read. */
  toException(answer: Answer, context: ExecutionContext): Promise<Error>;
}

export interface Connection {
  /** One object for all requests of the connection that share a token. */
  readonly socket: object;
  /** Whether requests on it are not checked one by one, so that it must not outlive its token. */
  readonly mustEnd: boolean;
  /** Tells the client why, where the protocol has a way, and ends it. */
  close(answer: Answer): void;
  /** Calls `run` when it is closed. */
  onClosed(run: () => void): void;
}
