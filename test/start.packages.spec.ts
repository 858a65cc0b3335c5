import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { ProviderDouble } from './support/provider-double.js';
import { createKey } from './support/signing-key.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const support = (name: string): string => path.join(ROOT, 'test/support', name);
const close: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of close.splice(0).toReversed()) await end();
});

/** The packages of node_modules whose files the import of a module loads. */
async function packagesOf(entry: string): Promise<string[]> {
  const { stdout } = await run(process.execPath, [support('list-loaded.mjs'), entry], { cwd: ROOT });
  const files = stdout.trim().split('\n');
  return [...new Set(files.map((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? ''))];
}

/** Loaded by those who use them, or with the first request to a provider. */
const NOT_AT_IMPORT =
  /^(undici|jwks-rsa|jose|lru-memoizer|uplot|graphql|ws|socket\.io.*|prom-client|@grpc\/.*|@opentelemetry\/.*|@nestjs\/(graphql|apollo|mercurius|websockets|microservices|platform-.*|testing|swagger))$/;

describe('the import of the root entry', () => {
  it('loads no package that only some applications or only requests need', async () => {
    const packages = await packagesOf('nestjs-identity-model');
    expect(packages).toEqual(expect.arrayContaining(['@nestjs/common', '@nestjs/core', 'passport-jwt']));
    // NestJS 11 loads by itself what is installed of it.
    const nests = await packagesOf('@nestjs/core');
    expect(packages.filter((name) => NOT_AT_IMPORT.test(name) && !nests.includes(name))).toEqual([]);
  });

  it('is seen: the test kit answers requests through undici', async () => {
    expect(await packagesOf('nestjs-identity-model/testing')).toContain('undici');
  });
});

describe('an installation that lacks a package', () => {
  /** As npm would install it, except for some packages. */
  async function install(missing: readonly string[]): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'broken-install-'));
    close.push(() => rm(folder, { recursive: true }));
    const own = path.join(folder, 'node_modules/nestjs-identity-model');
    await mkdir(own, { recursive: true });
    await cp(path.join(ROOT, 'dist'), path.join(own, 'dist'), { recursive: true });
    await cp(path.join(ROOT, 'package.json'), path.join(own, 'package.json'));
    for (const name of await readdir(path.join(ROOT, 'node_modules'))) {
      if (name.startsWith('.') || missing.includes(name)) continue;
      await symlink(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
    }
    await cp(support('child-broken-install.mjs'), path.join(folder, 'app.mjs'));
    return folder;
  }

  interface Answer {
    readonly outcome: unknown;
    readonly reasons: readonly string[];
  }

  async function validateIn(folder: string, ...args: readonly string[]): Promise<Answer> {
    const { stdout } = await run(process.execPath, [path.join(folder, 'app.mjs'), ...args]);
    return JSON.parse(stdout) as Answer;
  }

  const key = createKey('ES256', 'es-1');
  async function startProvider(): Promise<ProviderDouble> {
    const provider = await ProviderDouble.start({ keys: [key] });
    close.push(() => provider.stop());
    return provider;
  }

  it('works if none is missing', async () => {
    const provider = await startProvider();
    const { outcome } = await validateIn(await install([]), provider.issuer, provider.token());
    expect(outcome).toBe('user-1');
  });

  it.each(['undici', 'jwks-rsa'])('trusts no key without %s, and says what is missing', async (name) => {
    const provider = await startProvider();
    const { outcome, reasons } = await validateIn(await install([name]), provider.issuer, provider.token());
    expect(outcome).toBe('keys_unavailable');
    expect(reasons.join('\n')).toContain(
      `The package "${name}" cannot be loaded (Cannot find package '${name}'`,
    );
    expect(reasons.join('\n')).toContain('install the dependencies again');
    expect(provider.requests).not.toContain(provider.jwksPath);
  });

  it('needs neither if the keys are configured', async () => {
    const provider = await startProvider();
    const jwks = JSON.stringify({ keys: [key.jwk] });
    const folder = await install(['undici', 'jwks-rsa', 'jose']);
    const { outcome, reasons } = await validateIn(folder, provider.issuer, provider.token(), jwks);
    expect([outcome, reasons]).toEqual(['user-1', []]);
    expect(provider.requests).toEqual([]);
  });
});
