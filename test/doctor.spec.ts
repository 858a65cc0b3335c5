import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DoctorReport, Finding } from '../lib/cli/finding.js';
import { USAGE } from '../lib/cli/read-arguments.js';
import { runCommand, type CommandResult } from '../lib/cli/run-command.js';
import { ProviderDouble, type Answer } from './support/provider-double.js';
import { createKey } from './support/signing-key.js';

const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const certificate = (name: string): string =>
  fileURLToPath(new URL(`support/certificates/${name}.pem`, import.meta.url));

/** Runs the built command as a shell does: an own process for each call, which takes a second of a processor. */
async function runInShell(args: readonly string[], stdin = ''): Promise<CommandResult> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(stdin);
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode: exitCode as CommandResult['exitCode'], stdout, stderr };
}

// The command silences Nest's log; what the services log in this process is silenced here.
beforeEach(() => {
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
});

/** The same in this process. */
const run = (args: readonly string[], stdin = ''): Promise<CommandResult> =>
  runCommand(args, Readable.from([stdin]), false);

async function examine(
  args: readonly string[],
  stdin?: string,
): Promise<DoctorReport & Pick<CommandResult, 'exitCode'>> {
  const { exitCode, stdout, stderr } = await run(['doctor', ...args, '--json'], stdin);
  expect(stderr).toBe('');
  return { ...(JSON.parse(stdout) as DoctorReport), exitCode };
}

const KEYS = [createKey('RS256', 'rsa-1'), createKey('ES256', 'ec-1')];

const faultsOf = ({ findings }: DoctorReport): readonly Finding[] =>
  findings.filter(({ verdict }) => verdict === 'fault');

describe('doctor', { timeout: 120_000 }, () => {
  let provider: ProviderDouble;
  beforeEach(async () => {
    provider = await ProviderDouble.start({ keys: KEYS });
  });
  afterEach(() => provider.stop());

  it('finds a sound provider sound, key by key', async () => {
    const report = await examine([provider.issuer]);
    expect(report).toMatchObject({ issuer: provider.issuer, healthy: true, exitCode: 0 });
    const texts = report.findings.map(({ text }) => text);
    expect(texts).toContain(`2 usable keys at ${provider.issuer}/jwks`);
    expect(texts).toContain('key "rsa-1": RSA of 2048 bits, for RS256');
    expect(texts).toContain('key "ec-1": EC P-256, for ES256');
    expect(provider.requests).toEqual([provider.metadataPath, provider.jwksPath]);
  });

  it.each<[string, string, Answer, RegExp, RegExp | undefined]>([
    ['metadata', 'a 404', (_, response) => response.writeHead(404).end(), /status 404/, /discovery-url/],
    ['metadata', 'HTML', (_, response) => response.end('<html>'), /not JSON/, undefined],
    [
      'metadata',
      'another issuer',
      (_, response) =>
        response.end(JSON.stringify({ issuer: 'https://other.test', jwks_uri: 'https://other.test/jwks' })),
      /names another issuer/,
      /^it names "https:\/\/other\.test": /,
    ],
    [
      'metadata',
      'keys over plain http',
      (request, response) =>
        response.end(
          JSON.stringify({
            issuer: `http://${String(request.headers.host)}`,
            jwks_uri: 'http://keys.test/jwks',
          }),
        ),
      /not an https URL/,
      /^name the https URL: .*--allow-insecure is for tests only$/,
    ],
    ['keys', 'a 503', (_, response) => response.writeHead(503).end(), /status 503/, /^a proxy in front/],
    ['keys', 'a 400', (_, response) => response.writeHead(400).end(), /status 400/, /http\.tls\.cert/],
    ['keys', 'an empty set', (_, response) => response.end('{"keys":[]}'), /None of the 0 keys/, undefined],
    ['keys', 'silence', () => undefined, /no complete answer within/, /firewall/],
  ])('names what is wrong with %s: %s', async (about, _name, answer, text, advice) => {
    provider.answers.set(about === 'metadata' ? provider.metadataPath : provider.jwksPath, answer);
    const report = await examine([provider.issuer, '--timeout-ms', '700']);
    expect(report).toMatchObject({ healthy: false, exitCode: 1 });
    const [fault, ...others] = faultsOf(report);
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ about, text: expect.stringMatching(text) as string });
    if (advice !== undefined) expect(fault?.advice).toMatch(advice);
  });

  it('says of each key that is not used why, without letting it steer the terminal', async () => {
    const oct = { kty: 'oct', kid: 'secret\u001b[2J\u009b2J\u202e', k: 'AAAA' };
    const body = JSON.stringify({
      keys: [provider.key.jwk, oct, { ...provider.key.jwk, kid: 'enc', use: 'enc' }],
    });
    provider.answers.set(provider.jwksPath, (_, response) => response.end(body));
    const { stdout, exitCode } = await run(['doctor', provider.issuer]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/· key {5,}key "secret.*" is not used: it is symmetric/);
    expect(stdout).toMatch(/key "enc" is not used: "use" is not "sig"/);
    const { stdout: json } = await run(['doctor', provider.issuer, '--json']);
    const shown = String.raw`key "secret\u001b[2J\u009b2J\u202e" is not used: it is symmetric`;
    const { findings } = JSON.parse(json) as DoctorReport;
    expect(findings.map(({ text }) => text)).toContain(shown);
    for (const output of [stdout, json]) expect(output).not.toMatch(/(?!\n)\p{C}/u);
  });

  it('says why no key is used where none is usable', async () => {
    const small = { ...provider.key.jwk, kid: 'enc', use: 'enc' };
    const body = JSON.stringify({ keys: [{ kty: 'oct', kid: 'shared', k: 'AAAA' }, small, 7] });
    provider.answers.set(provider.jwksPath, (_, response) => response.end(body));
    const report = await examine([provider.issuer]);
    expect(report.healthy).toBe(false);
    expect(report.findings.filter(({ about }) => about === 'key').map(({ text }) => text)).toEqual([
      'key "shared" is not used: it is symmetric',
      'key "enc" is not used: "use" is not "sig"',
      'a key without id is not used: it is not a JSON object',
    ]);
  });

  it.each<[string, object, RegExp, RegExp | undefined]>([
    ['a sub that is no text', { sub: 7 }, /^claim_invalid: The claim "sub"/, /"sub"/],
    ['an iat that is text', { iat: 'now' }, /^claim_invalid: The claim "iat"/, /"iat"/],
    ['no aud', { aud: undefined }, /^claim_missing: The claim "aud"/, /this API \("orders-api"\) into "aud"/],
    ['no exp', { exp: undefined }, /^claim_missing: The claim "exp"/, /an end/],
  ])('advises by the claim that decides: %s', async (_name, claims, text, advice) => {
    const token = provider.token(claims as Record<string, unknown>);
    const [fault] = faultsOf(await examine([provider.issuer, '--audience', 'orders-api', '--token', token]));
    expect(fault?.text).toMatch(text);
    expect(fault?.advice).toMatch(advice ?? /./);
  });

  it('leaves an encrypted token to its message', async () => {
    const [fault] = faultsOf(await examine([provider.issuer, '--token', 'eyJh.b.c.d.e']));
    expect(fault).toMatchObject({ code: 'token_malformed', text: expect.stringContaining('JWE') as string });
    expect(fault?.advice).toBeUndefined();
  });

  it('reads cache headers as the module does', async () => {
    const body = JSON.stringify({ keys: [provider.key.jwk] });
    provider.answers.set(provider.jwksPath, (_, response) =>
      response.setHeader('cache-control', 'public, max-age=300').end(body),
    );
    provider.answers.set(provider.metadataPath, (_, response) =>
      response.setHeader('cache-control', 'no-store').end(JSON.stringify(provider.metadata())),
    );
    const texts = (await examine([provider.issuer])).findings.map(({ text }) => text);
    expect(texts).toContain('keys: fresh for 300 s, by "public, max-age=300"');
    expect(texts).toContain(
      'metadata: fresh for 3600 s, the default, because "no-store" gives no time to follow',
    );
  });

  it.each([
    [-3_600, 'fault', /3(599|600|601) s behind/, 1],
    [3_600, 'fault', /3(599|600|601) s ahead/, 1],
    [15, 'warning', /1[3-7] s ahead/, 0],
  ])('sees a clock that is off by %i s', async (offSec, verdict, text, exitCode) => {
    const body = JSON.stringify({ keys: [provider.key.jwk] });
    provider.answers.set(provider.jwksPath, (_, response) =>
      response.setHeader('date', new Date(Date.now() + offSec * 1000).toUTCString()).end(body),
    );
    const report = await examine([provider.issuer]);
    expect(report.exitCode).toBe(exitCode);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ about: 'time', verdict, text: expect.stringMatching(text) as string }),
    );
  });

  it('explains a token from standard input, step by step, and shows none of it', async () => {
    const good = provider.token({ sub: 'user-of-secret-name' });
    const accepted = await examine(
      [provider.issuer, '--audience', 'orders-api', '--token-file', '-'],
      `Bearer ${good}\n`,
    );
    expect(accepted).toMatchObject({ healthy: true, exitCode: 0 });
    expect(accepted.findings.filter(({ about }) => about === 'token')).toHaveLength(7);

    const bad = `${provider.token({ exp: 1, sub: 'user-of-secret-name' }).slice(0, -8)}AAAAAAAA`;
    const { stdout, stderr, exitCode } = await run(
      ['doctor', provider.issuer, '--audience', 'orders-api', '--token-file', '-'],
      bad,
    );
    expect(exitCode).toBe(1);
    expect(stdout).toContain('✗ token     token_expired:');
    expect(stdout).toContain('→ it expired at 1970-01-01T00:00:01Z (');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('The provider is fine; this token would be refused.');
    expect(stdout).toMatch(/✗ token {5}(signature_invalid|token_malformed):/);
    expect(stdout + stderr).not.toContain('user-of-secret-name');
    expect(stdout + stderr).not.toContain(bad.split('.')[1]);
  });

  it('tells a program which step refuses a token, and by which code', async () => {
    const token = provider.token({ aud: ['billing'], sub: 'user-of-secret-name' });
    const report = await examine([provider.issuer, '--audience', 'orders-api', '--token', token]);
    expect(report).toMatchObject({ healthy: false, exitCode: 1 });
    expect(faultsOf(report)).toEqual([
      {
        about: 'token',
        verdict: 'fault',
        step: 'claims',
        code: 'audience_mismatch',
        text: expect.stringMatching(/^audience_mismatch: /) as string,
        advice: expect.stringContaining('it is for "billing", but "orders-api" was expected') as string,
      },
    ]);
    expect(report.findings.filter(({ about }) => about === 'token').map(({ step }) => step)).toEqual([
      'form',
      'issuer',
      'algorithm',
      'type',
      'claims',
      'key',
      'signature',
    ]);
    expect(JSON.stringify(report)).not.toContain('secret');
  });

  it('does not call a provider fine that has no keys, and says once why', async () => {
    provider.answers.set(provider.metadataPath, (_, response) => response.writeHead(503).end());
    const { stdout, exitCode } = await run(['doctor', provider.issuer, '--token', provider.token()]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('keys_unavailable: Nothing could be fetched from');
    expect(stdout).not.toMatch(/Nothing could be fetched from \S+ Nothing could be fetched/);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('The module would not work with this.');
  });

  it('shows the issuer that metadata names, bounded, without letting it steer the terminal', async () => {
    const issuer = `https://other.test/\u001b[2J\u202e${'x'.repeat(5_000)}`;
    provider.answers.set(provider.metadataPath, (_, response) =>
      response.end(JSON.stringify({ issuer, jwks_uri: 'https://other.test/jwks' })),
    );
    const [fault] = faultsOf(await examine([provider.issuer]));
    expect(fault?.advice).toMatch(/^it names "https:\/\/other\.test\/\\u001b\[2J\\u202ex{100,}…": /);
    expect(fault?.advice?.length).toBeLessThan(400);

    provider.answers.set(provider.metadataPath, (_, response) => response.end('{}'));
    expect(faultsOf(await examine([provider.issuer]))[0]?.advice).toContain('has no "issuer"');
  });

  it('takes a pipe that brings no token for a wrong call', async () => {
    for (const stdin of ['', ' \n', 'Bearer \n']) {
      const ended = await run(['doctor', provider.issuer, '--token-file', '-'], stdin);
      expect(ended).toMatchObject({ exitCode: 2, stdout: '' });
      expect(ended.stderr).toMatch(/^standard input holds no token\n/);
    }
    expect(await run(['doctor', provider.issuer, '--token', ''])).toMatchObject({ exitCode: 2 });
    expect(provider.requests).toEqual([]);
  });

  it('tells that the audience was not checked where none was named', async () => {
    const report = await examine([provider.issuer, '--token', provider.token({ aud: 'whatever' })]);
    expect(report.healthy).toBe(true);
    expect(report.findings.at(-1)).toMatchObject({ verdict: 'note', text: 'the audience was not checked' });
  });

  it('colours what it prints where it is asked to', async () => {
    const { stdout } = await run(['doctor', provider.issuer, '--color', 'always']);
    expect(stdout).toContain('\u001b[32m✓\u001b[39m');
  });

  it('answers wrong calls with its usage and exit status 2', async () => {
    const wrong = [
      [],
      ['frob'],
      ['doctor'],
      ['doctor', 'a', 'b'],
      ['doctor', 'not a url'],
      ['doctor', 'http://id.example.com'],
      ['doctor', 'https://id.example.com', '--unknown'],
      ['doctor', 'https://id.example.com', '--timeout-ms', '1e3'],
      ['doctor', 'https://id.example.com', '--ca', '/does/not/exist'],
      ['doctor', 'https://id.example.com', '--token', 'a', '--token-file', 'b'],
    ];
    const ended = await Promise.all(wrong.map((args) => run(args)));
    for (const { exitCode, stdout, stderr } of ended) {
      expect(exitCode).toBe(2);
      expect(stdout + stderr).toContain('Usage: nestjs-identity-model doctor <issuer>');
    }
    expect(await run(['--help'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  describe('in a shell', () => {
    it('judges a token of a pipe, for its reader and for programs', async () => {
      // A key that the services log a warning of, which neither output may show.
      provider.keys = [...KEYS, { ...KEYS[0]!, jwk: { ...KEYS[0]!.jwk, kid: 'enc', use: 'enc' } }];
      const args = ['doctor', provider.issuer, '--audience', 'orders-api', '--token-file', '-'];
      const [accepted, refused, told] = await Promise.all([
        runInShell(args, `Bearer ${provider.token()}\n`),
        runInShell([...args, '--json'], provider.token({ exp: 1 })),
        run(args, `Bearer ${provider.token()}\n`),
      ]);
      expect(accepted).toMatchObject({ exitCode: 0, stderr: '' });
      expect(accepted.stdout.split('\n').length).toBe(told.stdout.split('\n').length);
      // The provider of the test is plain http.
      expect(accepted.stdout.trimEnd().split('\n').at(-1)).toBe('It works, with 1 warning.');
      expect(refused).toMatchObject({ exitCode: 1, stderr: '' });
      expect(faultsOf(JSON.parse(refused.stdout) as DoctorReport)).toMatchObject([{ code: 'token_expired' }]);
    });

    it('shows its usage, which alone is a wrong call', async () => {
      const [alone, wrong, help] = await Promise.all([
        runInShell([]),
        runInShell(['doctor', provider.issuer, '--token-file', '-']),
        runInShell(['--help']),
      ]);
      expect(alone).toEqual({ exitCode: 2, stdout: USAGE, stderr: '' });
      expect(wrong).toEqual({
        exitCode: 2,
        stdout: '',
        stderr: `standard input holds no token\n\n${USAGE}`,
      });
      expect(help).toEqual({ exitCode: 0, stdout: USAGE, stderr: '' });
    });
  });
});

describe('doctor, over TLS', { timeout: 120_000 }, () => {
  const start = async (
    name: string,
    options: object = {},
    listen: (request: IncomingMessage) => unknown = () => undefined,
  ): Promise<{ issuer: string; stop: () => Promise<void> }> => {
    const key = createKey('ES256', 'ec-1');
    const server = createServer({
      key: readFileSync(certificate(`${name}-key`)),
      cert: readFileSync(certificate(name)),
      ...options,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = `https://localhost:${String((server.address() as AddressInfo).port)}`;
    server.on('request', (request, response) => {
      listen(request);
      const metadata = { issuer, jwks_uri: `${issuer}/jwks` };
      response.end(JSON.stringify(request.url === '/jwks' ? { keys: [key.jwk] } : metadata));
    });
    return {
      issuer,
      stop: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  };

  it('presents a client certificate and headers, and takes the passphrase from the environment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    const encrypted = createPrivateKey(readFileSync(certificate('client-key'))).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'right',
    });
    writeFileSync(join(folder, 'key.pem'), encrypted);
    writeFileSync(join(folder, 'headers'), 'X-Api-Key: secret-1\n');
    vi.stubEnv('KEY_PASSPHRASE', 'right');
    const seen: unknown[] = [];
    const demanding = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(certificate('ca')) };
    const { issuer, stop } = await start('good', demanding, ({ headers }) => seen.push(headers['x-api-key']));
    const ca = ['--ca', certificate('ca')];
    const pair = ['--cert', certificate('client'), '--key', join(folder, 'key.pem')];
    try {
      const [refused] = faultsOf(await examine([issuer, ...ca]));
      expect(refused?.text).toContain('TLS alert: certificate required');
      expect(refused?.advice).toContain('--cert and --key');
      const headers = ['--header-file', join(folder, 'headers')];
      const report = await examine([
        issuer,
        ...ca,
        ...pair,
        '--passphrase-env',
        'KEY_PASSPHRASE',
        ...headers,
      ]);
      expect(report.healthy).toBe(true);
      expect(new Set(seen)).toEqual(new Set(['secret-1']));
      const unset = await run(['doctor', issuer, ...ca, ...pair, '--passphrase-env', 'NO_SUCH_VARIABLE']);
      expect(unset).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('NO_SUCH_VARIABLE') as string,
      });
      const wrong = await run(['doctor', issuer, ...ca, ...pair]);
      expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('"passphrase"') as string });
      const noAuthority = await run(['doctor', issuer, '--ca', join(folder, 'headers')]);
      expect(noAuthority).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('http.tls.ca') as string,
      });
      for (const { stderr } of [unset, wrong, noAuthority]) expect(stderr).not.toMatch(/secret-1|BEGIN/);
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
      await stop();
    }
  });

  it.each<[string, readonly string[], RegExp | undefined, RegExp | undefined]>([
    ['good', ['--ca', certificate('ca')], undefined, undefined],
    ['good', [], /unable to|self.signed|UNABLE/i, /--ca/],
    ['self-signed', [], /self.signed/i, /--ca/],
    ['expired', ['--ca', certificate('ca')], /expired/i, /renew/],
    ['wrong-host', ['--ca', certificate('ca')], /altnames|does not match/i, /host name/],
  ])('a certificate that is %s, with %j', async (name, args, fault, advice) => {
    const { issuer, stop } = await start(name);
    try {
      const report = await examine([issuer, ...args]);
      if (fault === undefined) {
        expect(report.healthy).toBe(true);
        expect(report.findings).toContainEqual(
          expect.objectContaining({
            about: 'tls',
            text: expect.stringMatching(/TLSv1\.3, certificate valid for/) as string,
          }),
        );
      } else {
        expect(faultsOf(report)).toEqual([
          expect.objectContaining({
            about: 'metadata',
            text: expect.stringMatching(fault) as string,
            advice: expect.stringMatching(advice ?? /./) as string,
          }),
        ]);
      }
    } finally {
      await stop();
    }
  });
});
