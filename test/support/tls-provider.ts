import { readFileSync } from 'node:fs';
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { JwksService, type HttpOptions, type IdentityModuleOptions } from 'nestjs-identity-model';
import { createModule } from './create-module.js';
import { createKey } from './signing-key.js';

export const KEY = createKey('ES256', 'ec-1');

export const certificateFile = (name: string): string =>
  fileURLToPath(new URL(`certificates/${name}`, import.meta.url));

export const pem = (name: string): string => readFileSync(certificateFile(`${name}.pem`), 'utf8');

/** Closes what a test opened, the last first. */
export class Opened {
  private readonly closers: (() => Promise<unknown>)[] = [];

  add(close: () => Promise<unknown>): void {
    this.closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).toReversed()) await close();
  }

  async listen(server: Server): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.add(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }
}

export interface TlsProvider {
  readonly issuer: string;
  readonly port: number;
  readonly server: Server;
  readonly requests: IncomingMessage[];
  /** The names in the client certificates that came with them. */
  readonly clients: unknown[];
  /** Answers by path, in front of the usual ones. */
  readonly answers: Map<string, (request: IncomingMessage, response: ServerResponse) => void>;
  /** Stands in the metadata. */
  jwksUri: string;
}

/** A provider behind TLS with one of the certificates of the tests. */
export async function startTls(
  opened: Opened,
  certificate: string,
  options: object = {},
  host = 'localhost',
): Promise<TlsProvider> {
  const server = createHttps({ key: pem(`${certificate}-key`), cert: pem(certificate), ...options });
  const port = await opened.listen(server);
  const issuer = `https://${host}:${String(port)}`;
  const provider: TlsProvider = {
    issuer,
    port,
    server,
    requests: [],
    clients: [],
    answers: new Map(),
    jwksUri: `${issuer}/jwks`,
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    provider.requests.push(request);
    provider.clients.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
    const own = provider.answers.get(request.url ?? '');
    if (own !== undefined) own(request, response);
    else {
      const metadata = { issuer, jwks_uri: provider.jwksUri };
      response.end(JSON.stringify(request.url === '/jwks' ? { keys: [KEY.jwk] } : metadata));
    }
  });
  return provider;
}

export interface ProxyDouble {
  readonly host: string;
  readonly url: string;
  readonly asked: string[];
}

/** A proxy that tunnels to the port that it is asked for, on loopback whatever the name, and notes that. */
export async function startProxy(opened: Opened, status = 200): Promise<ProxyDouble> {
  const asked: string[] = [];
  const server = createHttp((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(501).end();
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(request.url ?? '');
    socket.on('error', () => undefined);
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${String(status)} No\r\n\r\n`);
      return;
    }
    const target = connect(Number((request.url ?? '').split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  const host = `127.0.0.1:${String(await opened.listen(server))}`;
  return { host, url: `http://${host}`, asked };
}

/** Asks for the keys of an issuer, and says how that went: `ok`, or the reason. */
export async function keysOf(
  issuer: string,
  http: HttpOptions = {},
  own: Partial<IdentityModuleOptions> = {},
): Promise<string> {
  const module = await createModule({
    issuer,
    audience: 'x',
    warmUp: 'off',
    http: { retries: 0, timeoutMs: 2_000, ...http },
    ...own,
  });
  try {
    await module.get(JwksService).get();
    return 'ok';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await module.close();
  }
}
