import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MetadataDocuments } from './metadata-documents.js';

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Of an Express application (4 and 5), what is used here. */
export interface ExpressInstance {
  use(handler: Handler): void;
}

export function isExpress(instance: unknown): instance is ExpressInstance {
  return typeof (instance as Partial<ExpressInstance> | undefined)?.use === 'function';
}

/**
 * In front of everything that is there already: middleware for CORS answers OPTIONS requests itself, by the
 * configuration of the application.
 */
export function mountOnExpress(instance: ExpressInstance, documents: MetadataDocuments): void {
  instance.use((request, response, next) => {
    const answer = documents.answer(request.method ?? '', request.url ?? '');
    if (answer === undefined) {
      next();
      return;
    }
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  });
  const stack = stackOf(instance);
  const layer = stack?.pop();
  if (layer !== undefined) stack?.unshift(layer);
}

/** What Express asks one after the other. Express 4 has it under a name that throws, so that the other one comes first. */
function stackOf(instance: object): unknown[] | undefined {
  const router: unknown = Reflect.get(instance, '_router') ?? Reflect.get(instance, 'router');
  const stack: unknown = router === undefined ? undefined : Reflect.get(router as object, 'stack');
  return Array.isArray(stack) ? stack : undefined;
}
