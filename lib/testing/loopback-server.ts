import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './loopback-certificate.js';
import type { ProviderAnswer } from './provider-answer.js';

/** A provider's server on a port of this machine. */
export interface LoopbackServer {
  readonly origin: string;
  stop(): Promise<void>;
}

/**
 * @param answer - what to say to a request for a path.
 * @param options - `port`: 0 for any that is free.
 */
export async function startLoopback(
  answer: (path: string) => ProviderAnswer,
  { https, port }: { readonly https: boolean; readonly port: number },
): Promise<LoopbackServer> {
  // Late answers are timers. They end with the server, so that no test process is held open by one.
  const timers = new Set<NodeJS.Timeout>();
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    const said = answer(request.url ?? '/');
    // "down" ends the connection without an answer; "stall" keeps it open and says nothing.
    if (said.kind === 'down') request.socket.destroy();
    if (said.kind !== 'answer') return;
    const write = (): void => void response.writeHead(said.status, said.headers).end(said.body);
    if (said.delayMs === 0) {
      write();
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      write();
    }, said.delayMs);
    timers.add(timer);
  };
  const server = https
    ? createHttps({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, respond)
    : createHttp(respond);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const { port: given } = server.address() as AddressInfo;
  return {
    origin: `${https ? 'https' : 'http'}://127.0.0.1:${String(given)}`,
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      // Connections that are kept alive would hold `close` until they time out.
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
