import dns from 'node:dns';
import { gzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import { beforeEach, expect, it, vi } from 'vitest';
import { serve, startBroken, WELL_KNOWN } from './support/broken-api.js';
import { examine, mismatchesOf, run } from './support/run-doctor.js';

beforeEach(() => {
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
});

/** The system's look-up, which knows one more name. */
function nameResolvesTo(name: string, ...addresses: string[]): void {
  const system = dns.lookup;
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, options: object, callback: unknown) => {
    const given = addresses.map((address) => ({ address, family: 4 }));
    if (host === name) (callback as (error: null, found: unknown) => void)(null, given);
    else (system as (...args: unknown[]) => void)(host, options, callback);
  }) as never);
}

it('whose name is public and private at once opens no network of whoever asks', async () => {
  const inside = await serve((_, response) => void response.writeHead(200).end('{}'));
  const api = await startBroken({ document: () => ({ authorization_servers: [inside.url] }) });
  const origin = new URL(api.url).origin.replace('127.0.0.1', 'api.example.com');
  const ask = (): ReturnType<typeof examine> =>
    examine('--resource', `${origin}/mcp`, '--allow-insecure', origin, '--timeout-ms', '3000');

  nameResolvesTo('api.example.com', '127.0.0.1', '203.0.114.5');
  expect(mismatchesOf(await ask())).toContain('server_private');
  expect(inside.requests).toEqual([]);

  // A name of this machine alone may have a provider on this machine.
  vi.restoreAllMocks();
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  nameResolvesTo('api.example.com', '127.0.0.1');
  expect(mismatchesOf(await ask())).toContain('server_other_issuer');
  expect(inside.requests).not.toEqual([]);
});

it('puts nothing into a command that its reader pastes into a shell', async () => {
  const evil = ['$(id)', '`id`', ';id', "'", '"', '&id', '|id', '%0aid$(id)', '!id', '>x', '*'];
  for (const text of evil) {
    const { url } = await startBroken({ document: (origin) => ({ resource: `${origin}/${text}` }) });
    const { findings } = await examine('--resource', url);
    const advice = findings.find(({ mismatch }) => mismatch === 'audience_unsaid')?.advice ?? '';
    expect(advice, text).toMatch(/ doctor ISSUER --audience RESOURCE --token-file FILE$/);
  }
  const { url, provider } = await startBroken({});
  const { findings } = await examine('--resource', url);
  expect(findings.find(({ mismatch }) => mismatch === 'audience_unsaid')?.advice).toMatch(
    ` doctor ${provider.issuer} --audience ${url} --token-file FILE`,
  );
});

it.each(['https://u:p@id.example.com', 'https://u@id.example.com', 'https://:p@id.example.com'])(
  'is not spoken to with credentials of its own (%s)',
  async (server) => {
    const { url } = await startBroken({ document: () => ({ authorization_servers: [server] }) });
    expect(mismatchesOf(await examine('--resource', url))).toEqual(['server_invalid']);
  },
);

it('says on the last line how many warnings there are', async () => {
  const last = async (url: string): Promise<string | undefined> =>
    (await run(['--resource', url])).stdout.trimEnd().split('\n').at(-1);
  expect(await last((await startBroken({})).url)).toBe('No problems found.');
  const one = await startBroken({ document: () => ({ scopes_supported: ['openid'] }) });
  expect(await last(one.url)).toBe('It works, with 1 warning.');
  const two = await startBroken({
    challenge: () => 'Bearer',
    document: () => ({ scopes_supported: ['openid'] }),
  });
  expect(await last(two.url)).toBe('It works, with 2 warnings.');
});

it('reads no compressed body that grows beyond the bound', async () => {
  const { url } = await startBroken({
    answer: (request, response, origin) => {
      if (request.url !== `${WELL_KNOWN}/mcp` || request.method !== 'GET') return false;
      const sound = JSON.stringify({ resource: `${origin}/mcp`, padding: ' '.repeat(3_000_000) });
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(sound));
      return true;
    },
  });
  expect(mismatchesOf(await examine('--resource', url))).toEqual(['document_not_json']);
});
