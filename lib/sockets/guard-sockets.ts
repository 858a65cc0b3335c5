import type { INestApplicationContext, WebSocketAdapter } from '@nestjs/common';
import { errorResponseFor, toErrorResponse, type ErrorResponse } from '../transports/error-response.js';
import { rememberHandshake, type UpgradeRequest } from '../transports/handshake.js';
import { connectionTo, isSocketIo } from '../transports/ws.transport.js';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { OpeningRequests } from './opening-requests.js';
import { RecoveryGate } from './socket-io-recovery.js';
import type { SocketAuthenticator } from './socket-authenticator.js';
import { authenticatorOfSockets } from './socket-module.js';

export interface SocketGuardOptions {
  /** Lets sockets without a token connect; a bad one is still rejected. @default false */
  readonly anonymous?: boolean | undefined;
  /**
   * The protected resource that the gateways belong to, as `@ProtectedResource` names it: a token for another one opens no socket.
   * Only with several `resources` there is a difference. @default the first one that is configured
   *
   * @example
   * guardSockets(app, new IoAdapter(app), { resource: '/mcp' })
   */
  readonly resource?: string | undefined;
}

/**
 * Checks the token of every WebSocket when it connects, before `handleConnection` and before any message.
 * Nest's guards see messages only: put `IdentityAuthGuard` on the gateways as well.
 *
 * A socket that is denied access gets `connect_error` with the code in `data` over socket.io; over ws it is closed
 * with 1008, or 1013 if the provider is the reason, and the code as the reason.
 *
 * @throws {IdentityError} `options_invalid`, if the gateways of the application see different `IdentityModule`s, or the resource
 *   is not configured.
 * @example
 * const app = await NestFactory.create(AppModule);
 * app.useWebSocketAdapter(guardSockets(app, new WsAdapter(app))); // or new IoAdapter(app)
 */
export function guardSockets<Adapter extends WebSocketAdapter>(
  app: INestApplicationContext,
  adapter: Adapter,
  options: SocketGuardOptions = {},
): Adapter {
  const authenticator = authenticatorOfSockets(app);
  authenticator.assertResource(options.resource);
  const gate = new SocketGate(authenticator, options);
  const bind = adapter.bindClientConnect.bind(adapter);
  adapter.bindClientConnect = (server: object, connected: Connected) => {
    if (hasMiddleware(server)) gate.useOn(server);
    return bind(server, (client: object, ...args: unknown[]) =>
      gate.enter(client, args, connected),
    ) as unknown;
  };
  return adapter;
}

type Connected = (client: object, ...args: unknown[]) => unknown;
type Next = (error?: Error) => void;

/** A namespace of socket.io. */
interface Middleware {
  use(middleware: (client: object, next: Next) => void): unknown;
}

/** One for an adapter. Facts about a socket are keyed by it, weakly: sockets leave without saying so. */
class SocketGate {
  private readonly servers = new WeakSet();
  /** Sockets by what became of their check; several gateways may ask about one. */
  private readonly checks = new WeakMap<object, Promise<ErrorResponse | undefined>>();
  private readonly tokens = new WeakMap<object, ValidatedToken>();
  /** Sockets that a middleware has accepted. */
  private readonly admitted = new WeakSet();
  private readonly recovery = new RecoveryGate();
  private readonly opening = new OpeningRequests();

  constructor(
    private readonly authenticator: SocketAuthenticator,
    private readonly options: SocketGuardOptions,
  ) {}

  /**
   * socket.io asks before it connects a socket to a namespace, each of which has a handshake of its own.
   *
   * @throws {IdentityError} `options_invalid`, if it would not ask.
   */
  useOn(server: Middleware): void {
    if (this.servers.has(server)) return;
    this.servers.add(server);
    this.recovery.install(server);
    this.opening.watch(server, (request) => this.authenticator.rememberCertificate(request));
    server.use((client, next) => void this.admit(client, next));
  }

  private async admit(client: object, next: Next): Promise<void> {
    const response = await this.check(client);
    if (response === undefined) {
      this.admitted.add(client);
      this.recovery.release(client);
    }
    next(response && toConnectError(response));
  }

  enter(client: object, args: readonly unknown[], connected: Connected): void {
    if (this.admitted.has(client)) {
      this.watch(client);
      connected(client, ...args);
      return;
    }
    if (!isSocketIo(client)) rememberHandshake(client, args[0] as UpgradeRequest);
    void this.enterLater(client, args, connected);
  }

  /**
   * ws has no way to ask before: what the client sends meanwhile waits. socket.io has, unless the adapter hides it:
   * then what the client sends meanwhile is lost.
   */
  private async enterLater(client: object, args: readonly unknown[], connected: Connected): Promise<void> {
    call(client, 'pause');
    const response = await this.check(client);
    if (response !== undefined) {
      connectionTo(client)?.close(response);
    } else {
      this.watch(client);
      connected(client, ...args);
    }
    call(client, 'resume');
  }

  private check(client: object): Promise<ErrorResponse | undefined> {
    const known = this.checks.get(client);
    if (known !== undefined) return known;
    const check = this.denialOf(client);
    this.checks.set(client, check);
    return check;
  }

  /** An unexpected error denies as well: a socket that is accepted by mistake stays in for hours. */
  private async denialOf(client: object): Promise<ErrorResponse | undefined> {
    try {
      const validated = await this.authenticator.authenticate(client, this.options);
      if (validated !== undefined) this.tokens.set(client, validated);
      return undefined;
    } catch (error) {
      return errorResponseFor(error) ?? toErrorResponse(new IdentityError('check_failed'));
    }
  }

  private watch(client: object): void {
    const validated = this.tokens.get(client);
    if (validated !== undefined) this.authenticator.watch(client, validated);
  }
}

/** socket.io sends `message` and `data` of an error to the client, and nothing else of it. */
function toConnectError({ message, status, ...rest }: ErrorResponse): Error {
  return Object.assign(new Error(message), {
    data: { status: 'error', message, statusCode: status, ...rest },
  });
}

/** A server or namespace of socket.io; ws has no such thing. By its shape, since neither package is imported. */
function hasMiddleware(server: object): server is Middleware {
  return typeof Reflect.get(server, 'use') === 'function';
}

function call(client: object, name: string): void {
  const method: unknown = Reflect.get(client, name);
  if (typeof method === 'function') method.call(client);
}
