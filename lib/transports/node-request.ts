import { Readable } from 'node:stream';

/** The parts of a request that are read, over node:http, Express and Fastify (whose request wraps node's). */
export interface HttpRequestLike {
  readonly raw?: { readonly rawHeaders?: readonly string[] };
  readonly rawHeaders?: readonly string[];
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * The request of Node.js in a request: Express hands it out itself, Fastify's request has it inside, as `raw`; one that was made by hand
 * stands for itself.
 *
 * Requests of node:http and node:http2 are streams. An application on Express may call anything `raw`, a parsed body for one, whose
 * sender would write the raw headers and the address of the socket: no JSON makes a stream.
 */
export function nodeRequestOf(request: HttpRequestLike): HttpRequestLike {
  if (request instanceof Readable) return request;
  const { raw } = request;
  return raw instanceof Readable ? raw : request;
}

/** Names and values in turn, as they came over the wire; none of a request that was made by hand. */
export function rawHeadersOf(request: HttpRequestLike): readonly string[] {
  return nodeRequestOf(request).rawHeaders ?? request.rawHeaders ?? [];
}
