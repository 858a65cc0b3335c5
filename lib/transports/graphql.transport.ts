import type { ExecutionContext, HttpException } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';
import { isOwnContext } from './context-owner.js';
import type { Credentials } from '../model/credentials.js';
import type { CredentialSources } from './credentials.js';
import type { ErrorResponse } from './error-response.js';
import { exceptionOf } from './http-exceptions.js';
import { readUpgrade } from './handshake.js';
import { credentialsIn } from './read-credentials.js';
import { isSameRequest } from './same-request.js';
import type { Connection, Transport } from './transport.js';

/** Where an operation came from: an HTTP request, or a WebSocket with the parameters it was opened with. */
type Origin =
  | { readonly kind: 'request'; readonly request: object }
  | {
      readonly kind: 'connection';
      readonly context: object;
      /** `connectionParams`: the payload of the message that the socket was initialised with. */
      readonly params: object | undefined;
      /** The upgrade request of the socket. */
      readonly request: object | undefined;
      readonly socket: object | undefined;
    };

/** Apollo on Express and Fastify, Mercurius, and subscriptions of graphql-ws; none of them is imported. */
export const graphqlTransport: Transport = {
  name: 'graphql',
  handlersPerRequest: 'concurrent',

  /** All fields of an HTTP request, batched operations included, share its token and so their decisions. */
  holderOf(context) {
    const origin = originOf(context);
    return origin.kind === 'request' ? origin.request : origin.context;
  },

  outlivesRequest: (holder) => !hasRawHeaders(holder),
  isRequest: (holder) => 'headers' in holder,
  isOwn: (context, request) => !('headers' in request) || isOfOperation(context, request),

  credentialsOf: readOrigin,

  responseOf(context) {
    const origin = originOf(context);
    if (origin.kind !== 'request') return undefined;
    const value = contextOf(context);
    // Mercurius and Apollo on Fastify hand out the reply; Express's request knows its response.
    return member(value, 'reply') ?? member(value, 'res') ?? member(origin.request, 'res');
  },

  userTarget(context) {
    const value = contextOf(context);
    return member(value, 'req') ?? value;
  },

  connectionOf(context) {
    const origin = originOf(context);
    const isStream = isSubscription(context);
    const socket = origin.kind === 'connection' || isStream ? socketOf(origin) : undefined;
    if (socket !== undefined) return connectionOver(socket);
    if (!isStream) return undefined;
    throw new IdentityError(
      'transport_unsupported',
      'The context of this GraphQL subscription leads to no socket, which must be closed when the token expires: ' +
        'the option "context" of GraphQLModule must keep "extra", or the request of the upgrade as "req"',
    );
  },

  async toException(response) {
    return toGraphqlException(response);
  },
};

/**
 * Nest's exception for the status, with `extensions` as graphql-js copies them into the answer. Its body has no
 * `statusCode`: Apollo's driver of Nest would replace our code by a general one.
 */
function toGraphqlException({ message, ...rest }: ErrorResponse): HttpException {
  const exception = exceptionOf(rest.status, { message, ...rest });
  return Object.assign(exception, { extensions: rest });
}

function readOrigin(
  context: ExecutionContext,
  _holder: object,
  sources: CredentialSources,
): Credentials | null {
  const origin = originOf(context);
  if (origin.kind === 'request') return sources.fromRequest(origin.request);
  const { params, request } = origin;
  return readUpgrade(
    request,
    sources,
    credentialsIn(params, sources.acceptsDpop, request),
    credentialsIn(member(params, 'headers'), sources.acceptsDpop, request),
  );
}

/** Whether what the guard lets in goes on when it has answered. */
function isSubscription(execution: ExecutionContext): boolean {
  const info: unknown = execution.getArgs<unknown[]>().at(-1);
  const operation = typeof info === 'object' && info !== null ? member(info, 'operation') : undefined;
  return operation !== undefined && Reflect.get(operation, 'operation') === 'subscription';
}

/** Fastify's request keeps Node's own, which has the socket, inside. */
function socketOf(origin: Origin): object | undefined {
  if (origin.kind === 'connection' && origin.socket !== undefined) return origin.socket;
  return member(origin.request, 'socket') ?? member(member(origin.request, 'raw'), 'socket');
}

function originOf(execution: ExecutionContext): Origin {
  const context = contextOf(execution);
  if (!isOwnContext(context)) throw sharedContext();
  const request = member(context, 'req');
  // Nest hands on what graphql-ws calls its context as `req`, unless the application has put another one there.
  const session = [request, context].find((each) => each !== undefined && isSession(each));
  if (session !== undefined) {
    const extra = member(session, 'extra');
    return {
      kind: 'connection',
      context,
      params: member(session, 'connectionParams'),
      request: withHeaders(member(extra, 'request')) ?? withHeaders(request),
      socket: member(extra, 'socket'),
    };
  }
  if ('_connectionInit' in context) return mercuriusConnection(context);
  const replied = withHeaders(member(member(context, 'reply'), 'request'));
  if (replied !== undefined && request !== undefined && !isSameRequest(request, replied))
    throw sharedContext();
  const found = replied ?? withHeaders(request);
  if (found !== undefined) return { kind: 'request', request: found };
  throw new IdentityError(
    'transport_unsupported',
    'The context of this GraphQL operation has neither "req" nor "reply.request" nor "connectionParams": ' +
      'keep them in the object that the option "context" of GraphQLModule returns',
  );
}

function sharedContext(): IdentityError {
  return new IdentityError(
    'transport_unsupported',
    'One GraphQL context object serves several requests, so that the request in it is that of another request: ' +
      'let the option "context" of GraphQLModule be a function that returns a new object each time',
  );
}

/** Mercurius keeps what a socket was opened with in the context of its operations. */
function mercuriusConnection(context: object): Origin {
  const request = member(context, 'request');
  return {
    kind: 'connection',
    context,
    params: member(context, '_connectionInit'),
    request: withHeaders(request),
    socket: member(member(request, 'raw'), 'socket'),
  };
}

/** Resolvers are called with (parent, arguments, context, info), resolvers of references without arguments. */
function contextOf(execution: ExecutionContext): object {
  const args = execution.getArgs<unknown[]>();
  const value = args.length === 3 ? args[1] : args[2];
  if (typeof value === 'object' && value !== null) return value;
  throw new IdentityError('transport_unsupported', 'This GraphQL operation has no context object');
}

function connectionOver(socket: object): Connection {
  const { close, destroy, once } = socket as Record<string, unknown>;
  return {
    socket,
    // A subscription is checked when it begins, and its events are not.
    closeOnExpiry: true,
    close({ code }) {
      // graphql-ws's code for "Forbidden": its clients may connect again, with a new token.
      if (typeof close === 'function') close.call(socket, 4403, code);
      else if (typeof destroy === 'function') destroy.call(socket);
    },
    onClosed(run) {
      if (typeof once === 'function') once.call(socket, 'close', run);
    },
  };
}

/** What graphql-ws knows of a socket. */
function isSession(value: object): boolean {
  return 'connectionInitReceived' in value || member(value, 'connectionParams') !== undefined;
}

/** A request of node:http or Fastify, which ends; what an application made up for a socket has no such list. */
function hasRawHeaders(value: object): boolean {
  const request = 'rawHeaders' in value ? value : member(value, 'raw');
  // Node's own mark of a request that has become a socket. The header alone is the sender's, and changes nothing.
  return request !== undefined && 'rawHeaders' in request && Reflect.get(request, 'upgrade') !== true;
}

function isOfOperation(execution: ExecutionContext, request: object): boolean {
  const origin = originOf(execution);
  if (origin.kind === 'connection' && request === origin.context) return true;
  if (origin.request !== undefined && isSameRequest(origin.request, request)) return true;
  return member(contextOf(execution), 'req') === request;
}

function withHeaders(value: object | undefined): object | undefined {
  return value !== undefined && 'headers' in value ? value : undefined;
}

function member(value: object | undefined, name: string): object | undefined {
  if (value === undefined) return undefined;
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'object' && found !== null ? found : undefined;
}
