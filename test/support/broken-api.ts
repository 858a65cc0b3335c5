import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { ProviderDouble } from './provider-double.js';
import { createKey } from './signing-key.js';

export const WELL_KNOWN = '/.well-known/oauth-protected-resource';

export type Handler = (request: IncomingMessage, response: ServerResponse, url: string) => void;

/** A server on loopback, of which a test decides every answer. */
export async function serve(
  handle: Handler,
  host = '127.0.0.1',
): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://${host}:${String((server.address() as AddressInfo).port)}`;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${String(request.method)} ${String(request.url)}`);
    handle(request, response, url);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url, requests };
}

/** What a broken API does otherwise than a sound one. */
export interface Broken {
  /** In front of all else; false leaves the request alone. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse, url: string) => boolean;
  /** Of the challenge. */
  readonly challenge?: (url: string) => string;
  readonly document?: (url: string, issuer: string) => object;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Of the provider. */
  readonly metadata?: object;
}

const KEYS = [createKey('ES256', 'ec-1')];

/** A sound API at /mcp, but for what is broken of it, and the provider that it names. */
export async function startBroken(
  broken: Broken,
): Promise<{ url: string; requests: string[]; provider: ProviderDouble }> {
  const provider = await ProviderDouble.start({ keys: KEYS });
  const metadata = {
    ...provider.metadata(),
    authorization_endpoint: `${provider.issuer}/auth`,
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'notes:read'],
    ...broken.metadata,
  };
  provider.answers.set(provider.metadataPath, (_, response) => response.end(JSON.stringify(metadata)));
  const api = await serve((request, response, origin) => {
    const url = `${origin}/mcp`;
    if (broken.answer?.(request, response, origin) === true) return;
    if (request.url !== `${WELL_KNOWN}/mcp`) {
      const challenge = broken.challenge?.(origin) ?? `Bearer resource_metadata="${origin}${WELL_KNOWN}/mcp"`;
      response.writeHead(401, challenge === '' ? {} : { 'www-authenticate': challenge }).end();
      return;
    }
    const headers: Record<string, string | undefined> = {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*',
      'content-type': 'application/json',
      'cache-control': 'public, max-age=300',
      ...broken.headers,
    };
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) response.setHeader(name, value);
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const document = {
      resource: url,
      authorization_servers: [provider.issuer],
      scopes_supported: ['notes:read'],
      ...broken.document?.(origin, provider.issuer),
    };
    response.end(JSON.stringify(document));
  });
  return { url: `${api.url}/mcp`, requests: api.requests, provider };
}
