import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Controller, UseGuards, type Type } from '@nestjs/common';
import {
  ClientProxyFactory,
  GrpcMethod,
  MessagePattern,
  NatsRecordBuilder,
  Transport,
  type ClientOptions,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  OptionalAuth,
  Public,
  RequireScopes,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { isInstalled } from '../is-installed.js';
import { createApp } from '../create-app.js';
import { nestLine } from '../nest-line.js';
import { bearer, toOutcome, type Outcome, type TransportUnderTest } from './target.js';

@UseGuards(IdentityAuthGuard)
@Controller()
class OrdersMessages {
  @MessagePattern('me') me(@Claims('sub') sub: string): string {
    return sub;
  }
  @RequireScopes('orders:write') @MessagePattern('create') create(): string {
    return 'created';
  }
  @Public() @MessagePattern('open') open(@Claims('sub') sub: string | undefined): string {
    return String(sub);
  }
  @OptionalAuth() @MessagePattern('greet') greet(@Claims('sub') sub: string | undefined): string {
    return sub ?? 'stranger';
  }
}

@UseGuards(IdentityAuthGuard)
@Controller()
class OrdersCalls {
  @GrpcMethod('Orders', 'Me') me(
    _data: unknown,
    _metadata: unknown,
    _call: unknown,
    @Claims('sub') sub: string,
  ): object {
    return { value: sub };
  }
  @RequireScopes('orders:write') @GrpcMethod('Orders', 'Create') create(): object {
    return { value: 'created' };
  }
  @Public() @GrpcMethod('Orders', 'Open') open(@Claims('sub') sub: string | undefined): object {
    return { value: String(sub) };
  }
  @OptionalAuth() @GrpcMethod('Orders', 'Greet') greet(@Claims('sub') sub: string | undefined): object {
    return { value: sub ?? 'stranger' };
  }
}

export interface Service {
  close(): Promise<void>;
}

export async function startService(
  options: IdentityModuleOptions,
  transport: MicroserviceOptions,
  controller: Type = OrdersMessages,
): Promise<Service> {
  const module = await Test.createTestingModule({
    imports: [IdentityModule.forRoot(options)],
    controllers: [controller],
  }).compile();
  const service = module.createNestMicroservice<MicroserviceOptions>({ ...transport, logger: false });
  await service.listen();
  return service;
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sends one message; what the service throws is what the client's observable fails with. */
export async function send(client: ClientProxy, pattern: string, data: unknown): Promise<Outcome> {
  try {
    return { value: await firstValueFrom(client.send<string>(pattern, data)) };
  } catch (error) {
    return toOutcome(error);
  }
}

/** What clients have from NestJS 12.0.4 on. */
interface Hooked {
  setOnDispatchHook(hook: (packet: object) => object): void;
}

/** The client's side of what Nest calls the metadata of a packet. An older one is made to send it, too. */
export function withMetadata(client: ClientProxy, metadata: Readonly<Record<string, unknown>>): ClientProxy {
  const add = (packet: object): object => Object.assign(packet, { metadata });
  if (nestLine.packetMetadata) (client as unknown as Hooked).setOnDispatchHook(add);
  else Reflect.set(client, 'serializer', { serialize: add });
  return client;
}

/** How a token travels over TCP and Redis: in the metadata of a packet or, without such, in its payload. */
export const packets = {
  /** What the service has to be told for it. */
  options: (options: IdentityModuleOptions): IdentityModuleOptions =>
    nestLine.packetMetadata
      ? options
      : { ...options, transports: { ...options.transports, tokenFromPayload: true } },
  /** Has the client send it, and returns the payload. */
  carry(client: ClientProxy, token: string | undefined): object {
    if (!nestLine.packetMetadata) return token === undefined ? {} : { access_token: token };
    withMetadata(client, bearer(token));
    return {};
  },
} as const;

type Connection = Extract<MicroserviceOptions, { transport?: unknown }> & ClientOptions;

function overMessages(
  name: string,
  connection: () => Promise<{ options: Connection; stop: () => Promise<void> }>,
  hybrid = false,
): TransportUnderTest {
  return {
    name,
    hasCodes: true,
    async start(given) {
      const { options: wire, stop } = await connection();
      const isNats = wire.transport === Transport.NATS;
      const options = isNats ? given : packets.options(given);
      const service = hybrid ? await startHybrid(options, wire) : await startService(options, wire);
      return {
        async call(operation, token) {
          const client = ClientProxyFactory.create(wire);
          const data = isNats ? await natsRecord(token) : packets.carry(client, token);
          try {
            return await send(client, operation, data);
          } finally {
            await client.close();
          }
        },
        async close() {
          await service.close();
          await stop();
        },
      };
    },
  };
}

async function natsRecord(token: string | undefined): Promise<object> {
  const { headers } = await import('@nats-io/transport-node');
  const values = headers();
  if (token !== undefined) values.set('Authorization', `Bearer ${token}`);
  return new NatsRecordBuilder({}).setHeaders(values).build();
}

/** HTTP and messages in one application. */
async function startHybrid(options: IdentityModuleOptions, wire: MicroserviceOptions): Promise<Service> {
  const { app } = await createApp('express', {
    imports: [IdentityModule.forRoot(options)],
    controllers: [OrdersMessages],
  });
  app.connectMicroservice<MicroserviceOptions>(wire, { inheritAppConfig: true });
  await app.startAllMicroservices();
  return app;
}

const tcp = async (): Promise<{ options: Connection; stop: () => Promise<void> }> => ({
  options: { transport: Transport.TCP, options: { host: '127.0.0.1', port: await freePort() } },
  stop: async () => undefined,
});

/** A broker of its own for each target: it ends with it. */
function broker(
  command: string,
  args: (port: number) => readonly string[],
  connect: (port: number) => Connection,
): () => Promise<{ options: Connection; stop: () => Promise<void> }> {
  return async () => {
    const port = await freePort();
    const child = spawn(command, args(port), { stdio: ['ignore', 'pipe', 'pipe'] });
    await sayReady(child);
    return {
      options: connect(port),
      async stop() {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill();
        await ended;
      },
    };
  };
}

async function sayReady(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const read = (chunk: unknown): void => {
      said += String(chunk);
      if (/Ready to accept connections|Server is ready/.test(said)) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`it ended: ${said}`)));
  });
}

const redis = broker(
  'redis-server',
  (port) => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
  (port) => ({ transport: Transport.REDIS, options: { host: '127.0.0.1', port } }),
);
const nats = broker(
  'nats-server',
  (port) => ['-a', '127.0.0.1', '-p', String(port)],
  (port) => ({ transport: Transport.NATS, options: { servers: [`nats://127.0.0.1:${String(port)}`] } }),
);

const PROTO = fileURLToPath(new URL('orders.proto', import.meta.url));

type Unary = (
  data: object,
  metadata: Metadata,
  done: (error: ServiceError | null, reply?: { value: string }) => void,
) => void;
type GrpcClient = Record<string, Unary> & { close(): void };

const grpc: TransportUnderTest = {
  name: 'gRPC',
  hasCodes: true,
  async start(options) {
    const url = `127.0.0.1:${String(await freePort())}`;
    const service = await startService(
      options,
      { transport: Transport.GRPC, options: { url, package: 'orders', protoPath: PROTO } },
      OrdersCalls,
    );
    const definition = loadPackageDefinition(loadSync(PROTO)) as unknown as {
      orders: { Orders: new (url: string, credentials: unknown) => GrpcClient };
    };
    const client = new definition.orders.Orders(url, credentials.createInsecure());
    return {
      async call(operation, token) {
        const metadata = new Metadata();
        for (const [name, value] of Object.entries(bearer(token))) metadata.set(name, value);
        return new Promise<Outcome>((resolve) => {
          client[operation]?.({}, metadata, (error, reply) => {
            resolve(error === null ? { value: reply?.value ?? '' } : toGrpcOutcome(error));
          });
        });
      },
      async close() {
        client.close();
        await service.close();
      },
    };
  },
};

const GRPC_STATUS: Readonly<Record<number, number>> = { 16: 401, 7: 403, 14: 503 };

/** UNAUTHENTICATED, PERMISSION_DENIED and UNAVAILABLE stand for 401, 403 and 503. */
function toGrpcOutcome({ code, details, metadata }: ServiceError): Outcome {
  const [trailer] = metadata.get('identity-code');
  if (trailer !== details) throw new Error(`details and trailer differ: ${details}, ${String(trailer)}`);
  return { status: GRPC_STATUS[code] ?? code, code: details };
}

export const MICROSERVICE_TRANSPORTS: readonly TransportUnderTest[] = [
  overMessages('TCP', tcp),
  overMessages('TCP in a hybrid application', tcp, true),
  grpc,
  ...(isInstalled('redis-server') ? [overMessages('Redis', redis)] : []),
  ...(isInstalled('nats-server') ? [overMessages('NATS', nats)] : []),
];
