import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MetadataDocuments } from './metadata-documents.js';

interface Reply {
  readonly raw: ServerResponse;
  hijack(): void;
}

type Hook = (request: { readonly raw: IncomingMessage }, reply: Reply, done: () => void) => void;

/** Of a Fastify instance (4 and 5), what is used here. */
export interface FastifyInstance {
  addHook(name: 'onRequest', hook: Hook): unknown;
}

export function isFastify(instance: unknown): instance is FastifyInstance {
  return typeof (instance as Partial<FastifyInstance> | undefined)?.addHook === 'function';
}

/**
 * A hook, because it sees requests without a route, too. If the application has a CORS configuration, Nest's own hook comes first
 * and answers OPTIONS requests by it; of its headers none goes into our answers.
 */
export function mountOnFastify(instance: FastifyInstance, documents: MetadataDocuments): void {
  instance.addHook('onRequest', ({ raw: request }, reply, done) => {
    const answer = documents.answer(request.method ?? '', request.url ?? '');
    if (answer === undefined) {
      done();
      return;
    }
    reply.hijack();
    const { raw } = reply;
    for (const name of raw.getHeaderNames()) if (name.startsWith('access-control-')) raw.removeHeader(name);
    raw.writeHead(answer.status, answer.headers);
    raw.end(answer.body);
  });
}
