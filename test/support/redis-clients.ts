import { Redis } from 'ioredis';
import { Redis as Valkey } from 'iovalkey';
import * as nodeRedis6 from 'redis';
import * as nodeRedis4 from 'redis-4';
import * as nodeRedis5 from 'redis-5';
import type { RedisClient } from 'nestjs-identity-model/redis';

/** A client as an application makes it. */
export interface ClientUnderTest {
  readonly name: string;
  connect(port: number): Promise<{ readonly client: RedisClient; close(): Promise<void> }>;
}

const inTheStyleOfIoredis = (name: string, Client: typeof Redis): ClientUnderTest => ({
  name,
  async connect(port) {
    const client = new Client(port, '127.0.0.1', { retryStrategy: () => 20 });
    client.on('error', () => undefined);
    await client.ping();
    return { client, close: async () => client.disconnect() };
  },
});

/** What all versions have of what is needed here. */
interface NodeRedisPackage {
  createClient(options: object): RedisClient & {
    on(event: 'error', listener: () => void): unknown;
    connect(): Promise<unknown>;
    disconnect?(): Promise<unknown>;
    destroy?(): void;
  };
}

const nodeRedisOf = (name: string, nodeRedis: NodeRedisPackage): ClientUnderTest => ({
  name,
  async connect(port) {
    const client = nodeRedis.createClient({
      socket: { host: '127.0.0.1', port, reconnectStrategy: () => 20 },
    });
    client.on('error', () => undefined);
    await client.connect();
    return {
      client,
      async close() {
        if (client.destroy === undefined) await client.disconnect?.();
        else client.destroy();
      },
    };
  },
});

export const CLIENTS: readonly ClientUnderTest[] = [
  inTheStyleOfIoredis('ioredis', Redis),
  inTheStyleOfIoredis('iovalkey', Valkey as unknown as typeof Redis),
  nodeRedisOf('node-redis 4', nodeRedis4 as unknown as NodeRedisPackage),
  nodeRedisOf('node-redis 5', nodeRedis5),
  nodeRedisOf('node-redis 6', nodeRedis6),
];
