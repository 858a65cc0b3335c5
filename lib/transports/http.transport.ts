import type { ExecutionContext } from '@nestjs/common';
import { isSameRequest } from './same-request.js';
import type { Transport } from './transport.js';
import { unknownCall } from './unknown-call.js';

/** Controllers over Express, Fastify and others; Server-Sent Events included. */
export const httpTransport: Transport = {
  name: 'http',
  handlersPerRequest: 'one',
  holderOf: (context) => requestOf(context),
  outlivesRequest: () => false,
  isRequest: () => true,
  isOwn: (context, request) => isSameRequest(requestOf(context), request),
  credentialsOf: (_context, request, sources) => sources.fromRequest(request),
  responseOf: (context) => context.switchToHttp().getResponse<unknown>(),
  userTarget: () => undefined,
  connectionOf: () => undefined,
};

/** Nest says "http" as well for what libraries call without a type of their own. */
function requestOf(context: ExecutionContext): object {
  const request = context.switchToHttp().getRequest<unknown>();
  if (typeof request === 'object' && request !== null && !Array.isArray(request) && 'headers' in request) {
    return request;
  }
  throw unknownCall(context, 'a call of type "http" whose first argument is no HTTP request');
}
