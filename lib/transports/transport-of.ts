import type { ExecutionContext } from '@nestjs/common';
import { graphqlTransport } from './graphql.transport.js';
import { httpTransport } from './http.transport.js';
import { rpcTransport } from './rpc.transport.js';
import type { Transport } from './transport.js';
import { unknownCall } from './unknown-call.js';
import { wsTransport } from './ws.transport.js';

/**
 * The transport that a request came by.
 *
 * @throws {IdentityError} `transport_unsupported`: an unknown kind of request is never let through.
 */
export function transportOf(context: ExecutionContext): Transport {
  const type: string = context.getType();
  switch (type) {
    case 'http':
      return httpTransport;
    case 'graphql':
      return graphqlTransport;
    case 'ws':
      return wsTransport;
    case 'rpc':
      return rpcTransport;
    default:
      throw unknownCall(context, `a call of type "${type}"`);
  }
}

/** Whether a transport knows the call; what is public needs none. */
export function isKnownCall(context: ExecutionContext): boolean {
  try {
    transportOf(context).carrierOf(context);
    return true;
  } catch {
    return false;
  }
}
