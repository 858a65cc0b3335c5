import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { printableJson } from '../model/printable.js';
import { DATA_HEADERS } from './response-headers.js';

/** What Express and Fastify requests have in common. */
export interface DashboardRequest {
  readonly method: string;
  readonly url: string;
  /** Express: the URL as it came. */
  readonly originalUrl?: string;
  readonly headers: IncomingHttpHeaders;
  readonly body?: unknown;
}

/** The response of Express, which is Node's own, or the reply of Fastify, which has that inside. */
export type DashboardResponse = ServerResponse | { readonly raw: ServerResponse; hijack(): unknown };

/**
 * Node's own response, from here on ours alone: no interceptor, serializer or hook of the application puts
 * the answer into another form.
 */
export function takeOver(response: DashboardResponse): ServerResponse {
  if (!('hijack' in response)) return response;
  response.hijack();
  return response.raw;
}

export function send(
  response: DashboardResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Buffer,
): void {
  takeOver(response)
    .writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
    .end(body);
}

export function sendJson(
  response: DashboardResponse,
  status: number,
  body: unknown,
  more: OutgoingHttpHeaders = {},
): void {
  const headers = { ...DATA_HEADERS, 'Content-Type': 'application/json; charset=utf-8', ...more };
  send(response, status, headers, printableJson(body));
}

/** Whether a request must not go on; if so, it is answered with 403 and the reason as its code. */
export function isRejected(response: DashboardResponse, reason: string | undefined): boolean {
  if (reason !== undefined) sendJson(response, 403, { code: reason });
  return reason !== undefined;
}
