import type { ExecutionContext } from '@nestjs/common';
import { trimOptionalWhitespace } from '../model/optional-whitespace.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import { bearer, type CredentialSources } from './credentials.js';
import type { ErrorResponse } from './error-response.js';
import { readUpgrade, upgradeOf, type UpgradeRequest } from './handshake.js';
import { sendWhenEmitted } from './native-exception.js';
import { loadWsException } from './optional-exceptions.js';
import { headerIn } from './read-bearer.js';
import { parseDpop } from './read-credentials.js';
import type { Connection, Transport } from './transport.js';

/** The parts of a socket of socket.io that are read; each namespace has a socket and `auth` of its own. */
interface SocketIoClient {
  readonly handshake: {
    readonly auth?: unknown;
    readonly headers?: UpgradeRequest['headers'];
    readonly query?: Readonly<Record<string, unknown>>;
  };
  readonly request?: UpgradeRequest;
  emit(event: string, body: unknown): unknown;
  disconnect(): unknown;
}

interface WsClient {
  close(code: number, reason: string): unknown;
}

/** RFC 6455 section 7.4.1 and the registry it opens: "policy violation", "try again later". */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

/** Gateways over socket.io and ws; neither is imported. */
export const wsTransport: Transport = {
  name: 'ws',
  handlersPerRequest: 'several',
  holderOf: messageOf,
  outlivesRequest: () => true,
  isRequest: () => false,
  isOwn: (context, request) => !('headers' in request) || isOfClient(clientOf(context), request),
  credentialsOf: (context, _holder, sources) => readHandshake(clientOf(context), sources),
  responseOf: () => undefined,
  userTarget: clientOf,
  connectionOf: (context) => connectionTo(clientOf(context)),

  async toException({ message, code, status, ...rest }, context) {
    const WsException = await loadWsException();
    const body = { status: 'error', message, code, statusCode: status, ...rest };
    const client = clientOf(context);
    if (!isSocketIo(client)) sendWhenEmitted(client, body);
    return new WsException(body);
  },
};

/**
 * The credentials that a socket was opened with; null if there are none.
 *
 * @throws {IdentityError} `authorization_malformed`, `token_malformed`, `transport_unsupported`.
 */
export function readHandshake(client: object, sources: CredentialSources): Credentials | null {
  if (isSocketIo(client)) {
    const { auth, query } = client.handshake;
    const request = requestOf(client);
    return readUpgrade(
      request,
      sources,
      readAuth(auth, request, sources.acceptsDpop),
      sources.tokenFromUrl ? bearer(readParameter(query?.['access_token'])) : null,
    );
  }
  const upgrade = upgradeOf(client);
  if (upgrade === undefined) {
    throw new IdentityError(
      'transport_unsupported',
      'The request that opened this WebSocket is not known: wrap the adapter, ' +
        'app.useWebSocketAdapter(guardSockets(app, new WsAdapter(app))), or call rememberHandshake in handleConnection',
    );
  }
  return readUpgrade(upgrade, sources, sources.tokenFromUrl ? bearer(readUrl(upgrade.url)) : null);
}

export function connectionTo(client: object): Connection | undefined {
  const { once } = client as Record<string, unknown>;
  const close = closing(client);
  if (close === undefined) return undefined;
  return {
    socket: client,
    closeOnExpiry: false,
    close,
    onClosed(run) {
      if (typeof once === 'function') once.call(client, isSocketIo(client) ? 'disconnect' : 'close', run);
    },
  };
}

function closing(client: object): Connection['close'] | undefined {
  if (isSocketIo(client)) {
    return ({ status, ...response }: ErrorResponse) => {
      client.emit('exception', { ...response, status: 'error', statusCode: status });
      client.disconnect();
    };
  }
  const { close } = client as Partial<WsClient>;
  if (typeof close !== 'function') return undefined;
  return ({ code, status }) => close.call(client, status === 503 ? TRY_AGAIN_LATER : POLICY_VIOLATION, code);
}

/** What stands for the messages of a socket, by the class and by the method that handle them. */
const MESSAGES = new WeakMap<object, WeakMap<object, WeakMap<object, object>>>();

/**
 * A socket outlives its messages, and a handler without a guard must not be given what another handler's guard has
 * found out. Neither the context nor its arguments are the same objects for a guard and for the decorators of
 * parameters; the handler is, and none that has a guard is called without it. It reads like the socket.
 */
function messageOf(context: ExecutionContext): object {
  const client = clientOf(context);
  const [type, handler]: readonly (object | null)[] = [context.getClass(), context.getHandler()];
  const ofClient = inside(MESSAGES, client, () => new WeakMap<object, WeakMap<object, object>>());
  const ofType = inside(ofClient, type ?? client, () => new WeakMap<object, object>());
  return inside(ofType, handler ?? client, () => Object.create(client) as object);
}

function inside<Value>(map: WeakMap<object, Value>, key: object, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function isOfClient(client: object, request: object): boolean {
  const parts: unknown[] = [client, upgradeOf(client)];
  for (const name of ['handshake', 'request', 'upgradeReq']) parts.push(Reflect.get(client, name));
  return parts.includes(request);
}

function clientOf(context: ExecutionContext): object {
  const client: unknown = context.getArgByIndex(0);
  if (typeof client === 'object' && client !== null) return client;
  throw new IdentityError('transport_unsupported', 'This WebSocket adapter provides no client object');
}

export function isSocketIo(client: object): client is SocketIoClient {
  const handshake: unknown = Reflect.get(client, 'handshake');
  return typeof handshake === 'object' && handshake !== null;
}

/** The headers of the handshake, which middleware of socket.io may have changed, with the rest of its request. */
function requestOf({ handshake, request }: SocketIoClient): UpgradeRequest {
  const { headers } = handshake;
  if (request === undefined || headers === undefined) return request ?? { headers: headers ?? {} };
  const { method, url } = request;
  return { headers, raw: request, method, url };
}

/**
 * socket.io's `auth: { token }`, with or without the name of the scheme; a token that is bound to a key as `DPoP …`, with the
 * proof in `auth.dpop`.
 */
function readAuth(auth: unknown, request: UpgradeRequest, acceptsDpop: boolean): Credentials | null {
  if (typeof auth !== 'object' || auth === null) return null;
  const token: unknown = Reflect.get(auth, 'token');
  if (token === undefined || token === null || token === '') return null;
  if (typeof token !== 'string') throw refuse('token_malformed');
  const bound = acceptsDpop ? parseDpop([token]) : undefined;
  if (bound !== undefined) {
    const { method, url } = request;
    return { scheme: 'DPoP', token: bound, proof: headerIn(auth, 'dpop'), method, url, carrier: auth };
  }
  return bearer(/^bearer[ \t]/i.test(token) ? trimOptionalWhitespace(token.slice('bearer'.length)) : token);
}

/** RFC 6750 section 2.3; of several only one may be there. */
function readUrl(url: string | undefined): string | undefined {
  const values = new URLSearchParams(url?.replace(/^[^?]*/, '') ?? '').getAll('access_token');
  return readParameter(values.length > 1 ? values : values[0]);
}

function readParameter(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') {
    throw refuse('authorization_malformed', 'There are several parameters "access_token".');
  }
  return value;
}
