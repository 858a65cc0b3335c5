import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Controller, Get, Logger, Module, Post } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IdentityAuthGuard, IdentityModule, ProtectedResource } from 'nestjs-identity-model';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { MISMATCHES, type MismatchName } from '../lib/cli/mismatches.js';
import { createApp } from '../sample/create-app.js';
import { CLIENTS } from '../sample/provider/demo.js';
import { startProvider } from '../sample/provider/start-provider.js';
import { AuthorizationServer } from './support/authorization-server.js';
import { serve, startBroken, WELL_KNOWN, type Broken, type Handler } from './support/broken-api.js';
import { PLATFORMS, type Platform } from './support/create-app.js';
import { freePort } from './support/free-port.js';
import { examine, mismatchesOf, run } from './support/run-doctor.js';

beforeEach(() => {
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
});

@Controller()
class Orders {
  @Get('orders') list(): object {
    return {};
  }
}

@ProtectedResource('/mcp')
@Controller()
class Mcp {
  @Post('mcp') call(): object {
    return {};
  }
}

/** An application of ours whose `publicUrl` is where it listens, with oidc-provider beside it. */
async function startOurs(platform: Platform): Promise<string> {
  const port = await freePort();
  const url = `http://localhost:${String(port)}`;
  const api = { audience: url, scope: 'orders:read notes:read' };
  const server = await AuthorizationServer.start({ apis: { [url]: api, [`${url}/mcp`]: api } });
  @Module({
    imports: [
      IdentityModule.forRoot({
        issuer: server.issuer,
        publicUrl: url,
        resources: [
          { url: '/', scopes: ['orders:read'] },
          { url: '/mcp', scopes: ['notes:read'] },
        ],
      }),
    ],
    controllers: [Orders, Mcp],
    providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
  })
  class App {}
  const app =
    platform === 'express'
      ? await NestFactory.create(App, { logger: false })
      : await NestFactory.create(App, new FastifyAdapter(), { logger: false });
  await app.listen(port, 'localhost');
  onTestFinished(() => app.close());
  return url;
}

describe.each(PLATFORMS)('doctor --resource, of an application of ours on %s', (platform) => {
  it('finds it sound, and what cannot be seen from outside', async () => {
    const url = await startOurs(platform);
    const report = await examine('--resource', `${url}/mcp`);
    expect(mismatchesOf(report)).toEqual(['audience_unsaid']);
    expect(report).toMatchObject({ resource: `${url}/mcp`, healthy: true, exitCode: 0 });
    expect(report.findings.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        `POST ${url}/mcp without a token: status 401, with resource_metadata="${url}${WELL_KNOWN}/mcp"`,
        `the metadata is at ${url}${WELL_KNOWN}/mcp`,
        `"resource" is "${url}/mcp", as asked for`,
      ]),
    );
    expect(report.findings.some(({ text }) => text.endsWith(' has PKCE with S256'))).toBe(true);
    expect(report.findings.some(({ text }) => text.endsWith(' knows "notes:read"'))).toBe(true);
    expect(report.findings.some(({ text }) => /usable keys at/.test(text))).toBe(true);
  });

  it('takes a route for a part of its resource, and a resource without a route of its own for what it is', async () => {
    const url = await startOurs(platform);
    const ofRoute = await examine('--resource', `${url}/orders`);
    expect(mismatchesOf(ofRoute)).toEqual(['resource_parent', 'audience_unsaid']);
    expect(ofRoute.exitCode).toBe(0);
    const ofRoot = await examine('--resource', url);
    expect(mismatchesOf(ofRoot)).toEqual(['route_unseen', 'audience_unsaid']);
    expect(ofRoot.exitCode).toBe(0);
    expect(mismatchesOf(await examine('--resource', `${url}/orders/`))).toContain('resource_parent');
    expect(mismatchesOf(await examine('--resource', `${url}/`))).toContain('resource_slash');
  });
});

it('finds the sample sound, whose provider issues tokens for its URL', async () => {
  const port = await freePort();
  const url = `http://localhost:${String(port)}`;
  const provider = await startProvider({ port: 0, resource: url });
  const app = await createApp(provider.issuer, { publicUrl: url, logger: false });
  onTestFinished(async () => {
    await app.close();
    await provider.close();
  });
  await app.listen(port, 'localhost');
  const report = await examine('--resource', `${url}/orders`);
  expect(mismatchesOf(report)).toEqual(['resource_parent', 'audience_unsaid']);
  expect(report).toMatchObject({ healthy: true, exitCode: 0 });
  const { id, secret } = CLIENTS.cli;
  const response = await fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read', resource: url }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  const called = await fetch(`${url}/orders`, { headers: { authorization: `Bearer ${token}` } });
  expect(called.status).toBe(200);
});

it('finds the broken API sound if nothing of it is broken', async () => {
  const { url, requests } = await startBroken({});
  const report = await examine('--resource', url);
  expect(mismatchesOf(report)).toEqual(['audience_unsaid']);
  expect(requests).toEqual([
    'GET /mcp',
    ...['GET', 'HEAD', 'OPTIONS'].map((name) => `${name} ${WELL_KNOWN}/mcp`),
  ]);
});

const only =
  (path: string, handle: Handler, method?: string): NonNullable<Broken['answer']> =>
  (request, response, url) => {
    if (request.url !== path || (method !== undefined && request.method !== method)) return false;
    handle(request, response, url);
    return true;
  };
const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response.writeHead(code, headers).end();
const DOCUMENT = `${WELL_KNOWN}/mcp`;
const resource = (change: (url: string) => unknown): Broken => ({
  document: (url) => ({ resource: change(url) }),
});
const servers = (...given: unknown[]): Broken => ({ document: () => ({ authorization_servers: given }) });
const scopes = (given: unknown): Broken => ({ document: () => ({ scopes_supported: given }) });

describe('doctor --resource names what is wrong, and what to do', { timeout: 60_000 }, () => {
  it.each<[MismatchName, string, Broken, RegExp, RegExp]>([
    ['api_open', 'no guard', { answer: only('/mcp', status(200)) }, /status 200/, /IdentityAuthGuard/],
    ['api_refuses', 'a 403', { answer: only('/mcp', status(403)) }, /status 403, not 401/, /gateway/],
    [
      'api_refuses',
      'a login page',
      { answer: only('/mcp', status(302, { location: '/login' })) },
      /status 302, not 401, to \/login$/,
      /login page/,
    ],
    ['api_refuses', 'a 500', { answer: only('/mcp', status(500)) }, /status 500/, /its log/],
    [
      'route_unseen',
      'a 404',
      { answer: only('/mcp', status(404)) },
      /404, for POST as well/,
      /protected route/,
    ],
    ['challenge_missing', 'a bare 401', { challenge: () => '' }, /no challenge/, /WWW-Authenticate: Bearer/],
    [
      'challenge_missing',
      'Basic',
      { challenge: () => 'Basic realm="x"' },
      /"basic" only/,
      /exception filter/,
    ],
    [
      'challenge_no_metadata',
      'a challenge alone',
      { challenge: () => 'Bearer realm="api"' },
      /without res/,
      /"resource"/,
    ],
    [
      'challenge_scheme',
      'https where there is none',
      { challenge: (url) => `Bearer resource_metadata="${url.replace('http:', 'https:')}${DOCUMENT}"` },
      /="https:/,
      /"publicUrl"/,
    ],
    [
      'challenge_host',
      'a name inside of the network',
      { challenge: () => `Bearer resource_metadata="http://api:3000${DOCUMENT}"` },
      /="http:\/\/api:3000/,
      /inside of the network/,
    ],
    [
      'challenge_host',
      'no URL',
      { challenge: () => 'Bearer resource_metadata="/x"' },
      /="\/x"$/,
      /absolute URL/,
    ],
    ['document_missing', 'a 404', { answer: only(DOCUMENT, status(404)) }, /status 404/, /serveMetadata/],
    ['document_missing', 'a 503', { answer: only(DOCUMENT, status(503)) }, /status 503/, /its log/],
    ['document_refused', 'a gateway', { answer: only(DOCUMENT, status(401)) }, /status 401/, /no token yet/],
    [
      'document_redirected',
      'a redirect to elsewhere',
      { answer: only(DOCUMENT, status(301, { location: 'https://www.example.com/x?secret' })) },
      /status 301, to https:\/\/www\.example\.com\/x$/,
      /at this URL itself/,
    ],
    [
      'document_not_json',
      'a page',
      { answer: only(DOCUMENT, (_, response) => response.end('<html>'), 'GET') },
      /no JSON object/,
      /single-page/,
    ],
    [
      'document_not_json',
      'a list',
      { answer: only(DOCUMENT, (_, response) => response.end('[]'), 'GET') },
      /no JSON object/,
      /JSON object/,
    ],
    [
      'document_not_json',
      'a document that is too long once it is decoded',
      {
        answer: only(
          DOCUMENT,
          (_, response) =>
            response
              .setHeader('content-encoding', 'gzip')
              .end(gzipSync(JSON.stringify({ padding: 'x'.repeat(4_000_000) }))),
          'GET',
        ),
      },
      /is too long once it is decoded: more than \d+ bytes$/,
      /JSON object/,
    ],
    [
      'document_not_json',
      'what is not what its encoding says',
      {
        answer: only(
          DOCUMENT,
          (_, response) => response.setHeader('content-encoding', 'gzip').end('not gzip'),
          'GET',
        ),
      },
      /cannot be decoded$/,
      /JSON object/,
    ],
    [
      'document_type',
      'text',
      { headers: { 'content-type': 'text/plain' } },
      /"text\/plain"/,
      /application\/json/,
    ],
    ['document_type', 'no type', { headers: { 'content-type': undefined } }, /no Content-Type/, /§?3\.2/],
    [
      'document_head',
      'no HEAD',
      { answer: only(DOCUMENT, status(405), 'HEAD') },
      /status 405/,
      /without the body/,
    ],
    [
      'document_uncached',
      'no-store',
      { headers: { 'cache-control': 'no-store' } },
      /"no-store"/,
      /max-age=300/,
    ],
    [
      'document_uncached',
      'nothing',
      { headers: { 'cache-control': undefined } },
      /no Cache-Control/,
      /max-age/,
    ],
    ['resource_missing', 'none', resource(() => undefined), /no "resource"/, /URL of the API/],
    ['resource_missing', 'no URL', resource(() => 'orders-api'), /"orders-api"/, /URL of the API/],
    ['resource_slash', 'a slash', resource((url) => `${url}/mcp/`), /\/mcp\/", asked/, /without the slash/],
    ['resource_case', 'capitals', resource((url) => `${url}/MCP`), /\/MCP"/, /compare exactly/],
    ['resource_case', 'a tab', resource((url) => `${url}/m\tcp`), /\\u0009|\\t/, /compare exactly/],
    [
      'resource_scheme',
      'https',
      resource((url) => `${url.replace('http', 'https')}/mcp`),
      /"https:/,
      /ends TLS/,
    ],
    [
      'resource_host',
      'an internal name',
      resource(() => 'http://api:3000/mcp'),
      /api:3000/,
      /inside of the net/,
    ],
    ['resource_path', 'another one', resource((url) => `${url}/notes`), /\/notes"/, /@ProtectedResource/],
    ['resource_parent', 'the one above', resource((url) => url), /asked for was/, /must be given/],
    [
      'servers_missing',
      'none',
      { document: () => ({ authorization_servers: undefined }) },
      /is missing$/,
      /"issuer"/,
    ],
    ['servers_missing', 'an empty list', servers(), /an empty list$/, /authorizationServers/],
    ['servers_missing', 'a number in it', servers(1), /not a list of issuers$/, /authorizationServers/],
    ['server_invalid', 'no URL', servers('id.example.com/x y'), /"id\.example\.com/, /https URL/],
    ['server_invalid', 'a file', servers('file:///etc/passwd'), /"file:/, /https URL/],
    ['server_insecure', 'http', servers('http://id.example.com'), /"http:\/\/id/, /public URL/],
    ['server_unreachable', 'nobody', servers('http://127.0.0.1:9'), /ECONNREFUSED/, /running/],
    [
      'server_other_issuer',
      'another issuer',
      { metadata: { issuer: 'https://x.test' } },
      /another issuer/,
      /x\.test/,
    ],
    [
      'keys_unreachable',
      'no keys',
      { metadata: { jwks_uri: 'http://127.0.0.1:9/jwks' } },
      /ECONN/,
      /running/,
    ],
    [
      'pkce_missing',
      'plain',
      { metadata: { code_challenge_methods_supported: ['plain'] } },
      /lacks "S256"/,
      /OAuth 2\.1/,
    ],
    [
      'pkce_unsaid',
      'nothing',
      { metadata: { code_challenge_methods_supported: undefined } },
      /not say/,
      /\["S256"\]/,
    ],
    ['scopes_malformed', 'a string', scopes('notes:read'), /not a list of scopes/, /leave it out/],
    [
      'scopes_malformed',
      'a space',
      scopes(['notes:read notes:write']),
      /has "notes:read notes:write", which/,
      /without spaces/,
    ],
    [
      'scopes_login',
      'offline_access',
      scopes(['notes:read', 'offline_access', 'openid']),
      /"openid"$/,
      /leave/,
    ],
    [
      'scopes_unknown',
      'those of another',
      scopes(['notes:read', 'bills:read']),
      /lacks "bills:read"/,
      /invalid_scope/,
    ],
    [
      'audience_unlisted',
      'others',
      { metadata: { protected_resources: ['https://x.test'] } },
      /lacks/,
      /register/,
    ],
    [
      'cors_missing',
      'no CORS',
      { headers: { 'access-control-allow-origin': undefined } },
      /without Acc/,
      /Origin: \*/,
    ],
    [
      'cors_missing',
      'one origin',
      { headers: { 'access-control-allow-origin': 'https://a.test' } },
      /a\.test/,
      /\*/,
    ],
    [
      'cors_preflight',
      'an answer for nobody',
      {
        answer: only(DOCUMENT, status(204, { 'access-control-allow-headers': '*' }), 'OPTIONS'),
      },
      /without Access-Control-Allow-Origin/,
      /Allow-Origin: \*/,
    ],
    ['cors_preflight', 'a 404', { answer: only(DOCUMENT, status(404), 'OPTIONS') }, /status 404/, /Fastify/],
    [
      'cors_preflight',
      'no headers',
      { headers: { 'access-control-allow-headers': 'x' } },
      /MCP-Protocol/,
      /204/,
    ],
  ])('%s: %s', async (name, _what, broken, text, advice) => {
    const { url } = await startBroken(broken);
    const report = await examine('--resource', url);
    const found = report.findings.find(({ mismatch }) => mismatch === name);
    expect(found, JSON.stringify(report.findings)).toMatchObject({
      about: MISMATCHES[name].about,
      verdict: MISMATCHES[name].verdict,
      text: expect.stringMatching(text) as string,
      advice: expect.stringMatching(advice) as string,
    });
    expect(report.exitCode).toBe(report.findings.some(({ verdict }) => verdict === 'fault') ? 1 : 0);
    expect(report.exitCode).toBe(MISMATCHES[name].verdict === 'fault' ? 1 : report.exitCode);
  });
});

describe('doctor --resource', { timeout: 60_000 }, () => {
  it('names each difference of a resource of its own', async () => {
    const { url } = await startBroken(resource(() => 'https://api.internal/MCP'));
    expect(mismatchesOf(await examine('--resource', url))).toEqual([
      'resource_scheme',
      'resource_host',
      'resource_case',
      'audience_unsaid',
    ]);
  });

  it('says that nobody answers, and asks nobody else', async () => {
    const port = await freePort();
    const report = await examine('--resource', `http://127.0.0.1:${String(port)}/mcp`);
    expect(report.findings).toMatchObject([
      { mismatch: 'api_unreachable', text: expect.stringContaining('ECONNREFUSED') as string },
    ]);
    expect(report.exitCode).toBe(1);
  });

  it('looks for the document at the root as well, and follows a redirect on the same origin to look on', async () => {
    const challenge = (): string => 'Bearer';
    const { url } = await startBroken({
      challenge,
      answer: (request, response) => {
        if (request.url === DOCUMENT) response.writeHead(404).end();
        // The root is answered as the sound API answers its own place.
        if (request.url === WELL_KNOWN) request.url = DOCUMENT;
        return request.url === DOCUMENT && response.writableEnded;
      },
    });
    expect(mismatchesOf(await examine('--resource', url))).toEqual([
      'challenge_no_metadata',
      'document_at_root',
      'audience_unsaid',
    ]);
    const redirected = await startBroken({
      answer: (request, response) => {
        if (request.url === DOCUMENT) response.writeHead(302, { location: `${DOCUMENT}?moved` }).end();
        if (request.url === `${DOCUMENT}?moved`) request.url = DOCUMENT;
        return response.writableEnded;
      },
    });
    const report = await examine('--resource', redirected.url);
    expect(mismatchesOf(report)).toEqual(['document_redirected', 'audience_unsaid']);
    expect(report.exitCode).toBe(1);
  });

  it('asks no host that a stranger names, but for three authorization servers', async () => {
    const elsewhere = await serve((_, response) => void response.writeHead(200).end('{}'));
    const trap = `${elsewhere.url}${WELL_KNOWN}`;
    const { url } = await startBroken({ challenge: () => `Bearer resource_metadata="${trap}"` });
    expect(mismatchesOf(await examine('--resource', url))).toContain('challenge_host');
    const redirecting = await startBroken({ answer: only(DOCUMENT, status(302, { location: trap })) });
    expect(mismatchesOf(await examine('--resource', redirecting.url))).toContain('document_redirected');
    expect(elsewhere.requests).toEqual([]);
    const many = await startBroken(
      servers(...Array.from({ length: 50 }, (_, at) => `${elsewhere.url}/${String(at)}`)),
    );
    const report = await examine('--resource', many.url);
    expect(mismatchesOf(report)).toEqual(['servers_many', ...Array<string>(3).fill('server_other_issuer')]);
    const asked = new Set(elsewhere.requests.map((line) => /\/(\d+)/.exec(line)?.[1]));
    expect(asked).toEqual(new Set(['0', '1', '2']));
  });

  it('ends with servers that never end', async () => {
    const begun = performance.now();
    const silent = await startBroken({ answer: only(DOCUMENT, () => undefined) });
    const report = await examine('--resource', silent.url, '--timeout-ms', '300');
    expect(mismatchesOf(report)).toEqual(['document_missing']);
    expect(report.findings.at(-1)?.text).toMatch(/no complete answer within 300 ms/);

    const flood: Handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    };
    const endless = await startBroken({ answer: only(DOCUMENT, flood) });
    const cut = await examine('--resource', endless.url, '--timeout-ms', '5000');
    expect(cut.findings.find(({ mismatch }) => mismatch === 'document_missing')?.text).toMatch(
      /more than \d+ bytes/,
    );
    const open = await startBroken({ answer: only('/mcp', flood) });
    expect(mismatchesOf(await examine('--resource', open.url))).toContain('api_open');
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it('prints what a hostile server says bounded, and without letting it steer the terminal', async () => {
    const evil = '\u001b[2J\u202e\u009b';
    const long = 'x'.repeat(5_000);
    const { url } = await startBroken({
      challenge: (origin) => `Bearer realm="${long}", resource_metadata="${origin}${DOCUMENT}", x="\u009b2J"`,
      document: (origin, issuer) => ({
        resource: `${origin}/${evil}${long}`,
        authorization_servers: [`${issuer}/${evil}`, `https://${evil}`, `http://${long}`],
        scopes_supported: ['notes:read', evil, ...Array.from({ length: 5_000 }, (_, at) => `s${String(at)}`)],
      }),
      headers: {
        'content-type': `text/plain; ${long}`,
        'cache-control': `no-store, ${long.slice(0, 2_000)}`,
      },
    });
    const { stdout, exitCode } = await run(['--resource', url]);
    expect(exitCode).toBe(1);
    expect(stdout).not.toMatch(/(?!\n)\p{C}/u);
    expect(stdout).toContain(String.raw`\u001b[2J`);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(1_000);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('Clients would not work with this.');
    await examine('--resource', url);

    const far = await startBroken({
      challenge: (origin) => `Bearer resource_metadata="${origin}/${long}"`,
      answer: (request, response) => {
        if (request.url === `/${long}`) request.url = DOCUMENT;
        return response.writableEnded;
      },
      metadata: { jwks_uri: `https://keys.test/${long}` },
    });
    const { findings } = await examine('--resource', far.url);
    expect(findings.some(({ text }) => text.startsWith('the metadata is at') && text.endsWith('…'))).toBe(
      true,
    );
    for (const { text } of findings) expect(text.length).toBeLessThan(1_002);
  });

  it('shows people one line a finding, with what to do below', async () => {
    const { url } = await startBroken(resource((origin) => `${origin}/mcp/`));
    const { stdout } = await run(['--resource', url]);
    const [first, ...lines] = stdout.split('\n');
    expect(first).toBe(url);
    const at = lines.findIndex((line) =>
      line.startsWith(`✗ resource  "resource" is "${url}/", asked for was "${url}"`),
    );
    expect(lines[at + 1]?.trim()).toBe(`→ ${MISMATCHES.resource_slash.advice}`);
  });

  it('sends headers of --header-file to the API alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'headers'), 'X-Api-Key: secret-1\n');
    const seen = new Map<string, Set<unknown>>();
    const note = (who: string, { headers }: IncomingMessage): false => {
      seen.set(who, (seen.get(who) ?? new Set()).add(headers['x-api-key']));
      return false;
    };
    const { url, provider } = await startBroken({ answer: (request) => note('api', request) });
    const answer = provider.answers.get(provider.metadataPath);
    provider.answers.set(provider.metadataPath, (request, response) => {
      note('provider', request);
      answer?.(request, response);
    });
    const report = await examine('--resource', url, '--header-file', join(folder, 'headers'));
    expect(report.exitCode).toBe(0);
    expect(Object.fromEntries(seen)).toEqual({
      api: new Set(['secret-1']),
      provider: new Set([undefined]),
    });
  });

  it('takes an API that everybody can speak to for one whose providers must be public, unless told otherwise', async () => {
    const { url } = await startBroken({});
    const local = new URL(url);
    // A proxy that knows the public name of the API, by tunnel or by absolute URL.
    const proxy = createServer((request, response) => {
      const path = new URL(String(request.url)).pathname;
      const { method, headers } = request;
      const forward = httpRequest(
        { host: '127.0.0.1', port: local.port, path, method, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(response);
        },
      );
      request.pipe(forward);
    });
    proxy.on('connect', (_request, socket: Socket) => {
      const tunnel = connect(Number(local.port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        tunnel.pipe(socket).pipe(tunnel);
      });
      tunnel.on('error', () => socket.destroy());
      socket.on('error', () => tunnel.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    });
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    const args = ['--resource', 'http://api.example.com/mcp', '--allow-insecure', 'http://api.example.com'];
    const report = await examine(...args, '--timeout-ms', '2000');
    expect(report.exitCode).toBe(1);
    expect(mismatchesOf(report)).toEqual(['challenge_host', 'resource_host', 'server_private']);
    expect(report.findings.at(-1)?.text).toMatch(
      /^"authorization_servers" has "http:\/\/127.*which is internal$/,
    );
    const allowed = await examine(...args, '--allow-private', '--timeout-ms', '2000');
    expect(mismatchesOf(allowed)).toEqual(['challenge_host', 'resource_host', 'audience_unsaid']);
  });

  it('answers wrong calls with its usage and exit status 2', async () => {
    const api = 'https://api.example.com';
    for (const args of [
      ['--resource', 'not a url'],
      ['--resource', 'http://api.example.com'],
      ['--resource', `${api}/#x`],
      ['--resource', 'https://user:pass@api.example.com'],
      ['https://id.example.com', '--resource', api],
      ['--resource', api, '--audience', 'x'],
      ['--resource', api, '--token-file', '-'],
      ['--resource', api, '--ca', '/does/not/exist'],
      ['--resource', api, '--timeout-ms', '0'],
      ['https://id.example.com', '--allow-private'],
    ]) {
      const { exitCode, stdout, stderr } = await run(args);
      expect([exitCode, stdout], args.join(' ')).toEqual([2, '']);
      expect(stderr).toContain('doctor --resource <url>');
    }
  });
});

it('docs/guides/resources.md has every mismatch with its verdict and its remedy', () => {
  const text = readFileSync(new URL('../docs/guides/resources.md', import.meta.url), 'utf8');
  const [, section = ''] = text.split('## Seen from outside');
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)` +\| (\w+) +\| (.+?) +\|$/gm)].map(
    ([, name = '', verdict, advice = '']) => [name, [verdict, advice.replaceAll('\\*', '*')]] as const,
  );
  const expected = Object.entries(MISMATCHES).map(([name, { verdict, advice }]) => [name, [verdict, advice]]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
});
