import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Agent, fetch as fetchWith } from 'undici';
import { onTestFinished } from 'vitest';
import { pem } from './tls-provider.js';

/** Serves what a client says about itself at the URL that is its client id. */
export async function publishClientDocument(metadata: object): Promise<string> {
  const server = createServer({ key: pem('good-key'), cert: pem('good') });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `https://localhost:${String((server.address() as AddressInfo).port)}/client.json`;
  server.on('request', (_request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ ...metadata, client_id: url }));
  });
  return url;
}

/** A fetch that knows the authority of the tests' certificates. */
export async function fetchFromTests(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const dispatcher = new Agent({ connect: { ca: pem('ca') } });
  const response = await fetchWith(url instanceof Request ? url.url : url, {
    ...(init as object),
    signal: null,
    dispatcher,
  });
  const body = await response.text();
  await dispatcher.close();
  return new Response(body, { status: response.status, headers: [...response.headers] });
}
