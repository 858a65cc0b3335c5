import type { ModulesContainer } from '@nestjs/core';

/** Nest's own metadata key of the transport that a pattern is for; without one it is for all. */
const PATTERN_TRANSPORT = 'microservices:transport';

/** A server of microservices whose messages carry nothing beside their payload. */
export interface BareServer {
  /** `TCP` or `Redis`. */
  readonly name: string;
  /** Whether it calls this handler. */
  calls(method: object): boolean;
}

/**
 * Those of TCP and Redis, if `@nestjs/microservices` is older than 12.0.4: no client could send them a token outside of the
 * payload. Found by what it hands to handlers. Servers that are connected later are not known at start.
 */
export async function bareServers(modules: ModulesContainer): Promise<readonly BareServer[]> {
  const connected = transportsOf(modules);
  if (connected.size === 0) return [];
  const { RedisContext, TcpContext, Transport } = await import('@nestjs/microservices');
  const rows = [
    { name: 'TCP', transport: Transport.TCP, context: TcpContext.prototype },
    { name: 'Redis', transport: Transport.REDIS, context: RedisContext.prototype },
  ];
  return rows
    .filter(({ transport, context }) => connected.has(transport) && !('getMetadata' in context))
    .map(({ name, transport }) => ({
      name,
      calls: (method) => {
        const only: unknown = Reflect.getMetadata(PATTERN_TRANSPORT, method);
        return only === undefined || only === transport;
      },
    }));
}

/** Nest keeps the servers of an application in a stream that repeats them to everybody, from 11.1.5 on. */
function transportsOf(modules: ModulesContainer): ReadonlySet<unknown> {
  const found = new Set<unknown>();
  if (!Reflect.has(modules, 'getRpcTargetRegistry')) return found;
  modules
    .getRpcTargetRegistry<{ readonly transportId?: unknown }>()
    .subscribe(({ transportId }) => found.add(transportId))
    .unsubscribe();
  return found;
}
