import type { ExecutionContext } from '@nestjs/common';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { isJsonObject } from '../model/json.js';
import type { Credentials } from '../model/credentials.js';
import { bearer, type CredentialSources } from './credentials.js';
import type { ErrorResponse } from './error-response.js';
import { loadRpcException } from './optional-exceptions.js';
import { authorizationIn, parseAuthorization } from './read-bearer.js';
import { onlyCredentials, parseDpop } from './read-credentials.js';
import type { Transport } from './transport.js';

/** Message handlers of microservices, whatever carries the messages; no client library is imported. */
export const rpcTransport: Transport = {
  name: 'rpc',
  handlersPerRequest: 'several',
  /** Nest makes one context a message; of gRPC it is the metadata of the call. */
  holderOf: messageContextOf,
  outlivesRequest: () => false,
  isRequest: () => false,
  isOwn: (context, request) => !('headers' in request) || isOfMessage(context, request),

  credentialsOf(context, holder, sources) {
    const payload = sources.tokenFromPayload ? readPayload(context.getArgByIndex(0)) : undefined;
    const values = isGrpcMetadata(holder)
      ? holder.get('authorization')
      : authorizationIn(headersOf(holder, sources));
    return onlyCredentials(bearer(parseAuthorization(values)), boundIn(values, sources), bearer(payload));
  },

  responseOf: () => undefined,
  userTarget: messageContextOf,
  connectionOf: () => undefined,

  async toException(response, context) {
    const RpcException = await loadRpcException();
    const metadata = messageContextOf(context);
    return new RpcException(isGrpcMetadata(metadata) ? toGrpcStatus(response, metadata) : toBody(response));
  },
};

/** A token under the scheme DPoP. No RFC says what a proof for a message is, so it comes without one, and is refused as such. */
function boundIn(values: readonly unknown[], { acceptsDpop }: CredentialSources): Credentials | null {
  const token = acceptsDpop ? parseDpop(values) : undefined;
  return token === undefined ? null : { scheme: 'DPoP', token };
}

function isOfMessage(context: ExecutionContext, request: object): boolean {
  const message = messageContextOf(context);
  const parts: unknown[] = [...context.getArgs<unknown[]>(), message];
  if (has(message, 'getMessage')) parts.push(message.getMessage());
  if (has(message, 'getPacket')) parts.push(message.getPacket());
  return parts.includes(request);
}

interface GrpcMetadata {
  get(name: string): readonly unknown[];
  getMap(): object;
  set(name: string, value: string): void;
}

function messageContextOf(execution: ExecutionContext): object {
  const [first, second] = execution.getArgs<unknown[]>();
  // A call that a handler of @GrpcStreamCall works on by itself carries its metadata.
  const call =
    typeof first === 'object' && first !== null ? (Reflect.get(first, 'metadata') as unknown) : null;
  if (isGrpcMetadata(call) && isEmitter(first)) return call;
  if (typeof second === 'object' && second !== null) return second;
  throw new IdentityError('transport_unsupported', 'This microservice transport provides no context object');
}

/**
 * Where each transport of Nest keeps what its clients send beside the payload.
 *
 * @throws {IdentityError} `transport_unsupported`.
 */
function headersOf(context: object, { tokenFromPayload }: CredentialSources): unknown {
  // NATS
  if (has(context, 'getHeaders')) return fromNats(context.getHeaders());
  // TCP and Redis, from 12.0.4 on; undefined where the client sent none
  if (has(context, 'getMetadata')) return context.getMetadata();
  // MQTT 5
  if (has(context, 'getPacket')) return at(context.getPacket(), 'properties', 'userProperties');
  // RabbitMQ and Kafka
  if (has(context, 'getMessage')) {
    const message = context.getMessage();
    return at(message, 'properties', 'headers') ?? at(message, 'headers');
  }
  // TCP and Redis before 12.0.4: nothing comes along
  if (tokenFromPayload && (has(context, 'getSocketRef') || has(context, 'getChannel'))) return undefined;
  throw new IdentityError(
    'transport_unsupported',
    'IdentityAuthGuard does not know where this microservice transport keeps its headers. Over TCP and Redis there are some from ' +
      '@nestjs/microservices 12.0.4 on; before, transports: { tokenFromPayload: true } reads access_token in the payload',
  );
}

/** The headers of NATS are no plain object: names as they were sent, each with its values. */
function fromNats(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { keys, values } = headers as Record<string, unknown>;
  if (typeof keys !== 'function' || typeof values !== 'function') return headers;
  const names = [...(keys.call(headers) as Iterable<string>)];
  return Object.fromEntries(names.map((name) => [name, values.call(headers, name) as unknown]));
}

/** A member of the payload, named as RFC 6750 section 2.2 names it in a form. */
function readPayload(data: unknown): string | undefined {
  const token = isJsonObject(data) && Object.hasOwn(data, 'access_token') ? data['access_token'] : undefined;
  if (token === undefined || token === null || token === '') return undefined;
  if (typeof token !== 'string') throw refuse('token_malformed');
  return token;
}

function toBody({ message, code, status, ...rest }: ErrorResponse): object {
  return { status: 'error', message, code, statusCode: status, ...rest };
}

/** The gRPC status that says the same (https://grpc.io/docs/guides/status-codes/). */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 16, // UNAUTHENTICATED, as for any other credentials that are none
  401: 16, // UNAUTHENTICATED
  403: 7, // PERMISSION_DENIED
  503: 14, // UNAVAILABLE
};
const GRPC_INTERNAL = 13;

/** `details` is the stable code, and so is the trailer `identity-code`. */
function toGrpcStatus({ status, code, retryAfterSec }: ErrorResponse, metadata: GrpcMetadata): object {
  const trailers = new (metadata.constructor as new () => GrpcMetadata)();
  trailers.set('identity-code', code);
  if (retryAfterSec !== undefined) trailers.set('retry-after', String(retryAfterSec));
  return { code: GRPC_STATUS[status] ?? GRPC_INTERNAL, message: code, details: code, metadata: trailers };
}

function isGrpcMetadata(value: unknown): value is GrpcMetadata {
  return typeof value === 'object' && value !== null && has(value, 'getMap') && has(value, 'get');
}

function isEmitter(value: unknown): boolean {
  return typeof value === 'object' && value !== null && has(value, 'on');
}

/** Methods come from a class: what arrived as JSON has none. */
function has<const Name extends string>(
  value: object,
  name: Name,
): value is Record<Name, (...args: unknown[]) => unknown> {
  return typeof Reflect.get(value, name) === 'function';
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}
