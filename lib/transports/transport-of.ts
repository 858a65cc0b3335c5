import type { ExecutionContext } from '@nestjs/common';
import { graphqlTransport } from './graphql.transport.js';
import { httpTransport } from './http.transport.js';
import { rpcTransport } from './rpc.transport.js';
import type { Transport } from './transport.js';
import { unknownCall } from './unknown-call.js';
import { wsTransport } from './ws.transport.js';

/** A new transport is a file with its object, and a place in this list. */
const TRANSPORTS: ReadonlyMap<string, Transport> = new Map(
  [httpTransport, graphqlTransport, wsTransport, rpcTransport].map((transport) => [
    transport.name,
    transport,
  ]),
);

/**
 * The transport that a request came by.
 *
 * @throws {IdentityError} `transport_unsupported`: an unknown kind of request is never let through.
 */
export function transportOf(context: ExecutionContext): Transport {
  const type: string = context.getType();
  const transport = TRANSPORTS.get(type);
  if (transport === undefined) throw unknownCall(context, `a call of type "${type}"`);
  return transport;
}

/** Whether a transport knows the call; what is public needs none. */
export function isKnownCall(context: ExecutionContext): boolean {
  try {
    transportOf(context).holderOf(context);
    return true;
  } catch {
    return false;
  }
}

/** What Nest's own AuthGuard takes for the request: of HTTP whatever stands in its place, known to us or not. */
export function requestOf(context: ExecutionContext): object {
  if (context.getType() === httpTransport.name) return context.switchToHttp().getRequest<object>();
  return transportOf(context).holderOf(context);
}
