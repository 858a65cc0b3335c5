import type { ExecutionContext } from '@nestjs/common';
import type { Credentials } from '../model/credentials.js';
import type { CredentialSources } from './credentials.js';
import type { ErrorResponse } from './error-response.js';

/**
 * One way by which requests come in, and what it can do. The guard and the decorators ask for these abilities and never
 * for a transport's name. There is one object for each transport; everything that belongs to a request is handed in.
 */
export interface Transport {
  /** Nest's name for it, `ExecutionContext.getType()`. Only the registry reads it. */
  readonly name: string;

  /**
   * How many handlers one request may reach: `one`; `several`, one after the other; or several that are called at the same
   * time (`concurrent`), so that their guards share one validation.
   */
  readonly handlersPerRequest: 'one' | 'several' | 'concurrent';

  /**
   * The object that holds the decisions of guards for the decorators of parameters.
   *
   * @throws {IdentityError} `transport_unsupported`: an unknown kind of request is never let through.
   */
  holderOf(context: ExecutionContext): object;

  /** Whether the holder outlives one request: then no decision is reused, because tokens expire meanwhile. */
  outlivesRequest(holder: object): boolean;

  /** Whether the holder is an HTTP request, which passport is handed as it is. */
  isRequest(holder: object): boolean;

  /**
   * Whether `request`, which an override of `getRequest` returned, is a part of what {@link Transport.credentialsOf} reads
   * by itself. Another one is of the application's making: the token is read from its headers, and its user stays on it.
   */
  isOwn(context: ExecutionContext, request: object): boolean;

  /**
   * The credentials that came along; null if none did.
   *
   * @throws {IdentityError} `authorization_malformed`, `token_malformed`, `transport_unsupported`.
   */
  credentialsOf(context: ExecutionContext, holder: object, sources: CredentialSources): Credentials | null;

  /** The HTTP response that headers can be set on, of the framework's kind; undefined if there is none. */
  responseOf(context: ExecutionContext): unknown;

  /** The object on which the application expects `user`; undefined if that is the holder, which passport has marked. */
  userTarget(context: ExecutionContext): object | undefined;

  /** The connection that the request came over, if it can be closed when the token expires. */
  connectionOf(context: ExecutionContext): Connection | undefined;

  /**
   * The exception that clients of this transport know how to read. Absent over HTTP: there a denial is Nest's own
   * exception, and headers on the response.
   */
  toException?(response: ErrorResponse, context: ExecutionContext): Promise<Error>;
}

/** A connection that carries several requests, or one that goes on. */
export interface Connection {
  /** One object for all requests of the connection that share a token. */
  readonly socket: object;
  /** Whether its requests are not checked one by one, so that it must not outlive its token. */
  readonly closeOnExpiry: boolean;
  /** Tells the client why, if the protocol has a way, and ends it. */
  close(response: ErrorResponse): void;
  /** Calls `run` when it is closed. */
  onClosed(run: () => void): void;
}
