import { ModulesContainer } from '@nestjs/core';
import { ClientProxy, Server } from '@nestjs/microservices';
import { versionOf } from './version-of.js';

const [core = 0, websockets = 0, terminus = 0] = ['core', 'websockets', 'terminus'].map(
  (name) => versionOf(`@nestjs/${name}`)[0],
);

/** What the installed NestJS can do, where 11 and 12 differ: tests expect one or the other, and skip nothing. */
export const nestLine = {
  major: core,
  /** Clients over TCP and Redis send metadata beside the payload, and servers hand it over: from 12.0.4 on. */
  packetMetadata: 'setOnDispatchHook' in ClientProxy.prototype,
  /** The application says which servers of microservices it has: from 11.1.5 on. */
  knownServers: 'getRpcTargetRegistry' in ModulesContainer.prototype,
  /** Servers of microservices are told when a message is being worked on, which MCP-Nest relies upon. */
  processingHooks: 'setOnProcessingStartHook' in Server.prototype,
  /** A client of ws hears of an exception that a handler throws. */
  nativeWsExceptions: websockets >= 12,
  /** Guards of the application are asked about messages of gateways. */
  globalGuardsOnGateways: websockets >= 12,
  /** Health that is neither up nor down has a status of its own from @nestjs/terminus 12 on. */
  degradedHealth: terminus >= 12 ? { status: 'degraded' } : { status: 'up', degraded: true },
} as const;
