import { readFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { describeError, IdentityError } from '../errors/identity-error.js';
import type { TlsOptions } from '../options/http-options.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { examineProvider } from './examine-provider.js';
import { examineTls } from './examine-tls.js';
import { examineToken } from './examine-token.js';
import { toReport, type DoctorReport, type Finding } from './finding.js';
import { openSession } from './provider-session.js';
import { UsageError, type DoctorArguments } from './read-arguments.js';

/**
 * Examines a provider, and a token where one is given.
 *
 * @throws {UsageError} a file cannot be read, there is no token where one was announced, or the options contradict each other.
 */
export async function runDoctor(asked: DoctorArguments, stdin: Readable): Promise<DoctorReport> {
  const token = await readToken(asked.token, stdin);
  const session = open(asked);
  try {
    const findings: Finding[] = [...(await examineProvider(session))];
    // Of all origins that were asked: the key set may be on another host, with a certificate of its own.
    for (const url of originsOf(session.recorder.exchanges.map((exchange) => exchange.url))) {
      findings.push(...(await examineTls(url, session.issuer.http, Date.now())));
    }
    if (token !== undefined)
      findings.push(...(await examineToken(session, token, asked.audience !== undefined)));
    return toReport(asked.issuer, findings);
  } finally {
    await session.close();
  }
}

/**
 * Only what the command line says: the environment (proxy, certificate authorities) is read as an application reads it. Twice the
 * timeout is enough for metadata and keys, since nothing is retried.
 */
function open(asked: DoctorArguments): ReturnType<typeof openSession> {
  const http: IdentityModuleOptions['http'] = {
    timeoutMs: asked.timeoutMs,
    deadlineMs: asked.timeoutMs === undefined ? undefined : 2 * asked.timeoutMs,
    allowInsecureOrigins: asked.allowInsecureOrigins,
    tls: readTls(asked),
    headers: asked.headerFile === undefined ? undefined : readHeaders(readFile(asked.headerFile)),
  };
  try {
    return openSession({
      issuer: asked.issuer,
      audience: asked.audience ?? null,
      metadataIssuer: asked.metadataIssuer,
      discoveryUrl: asked.discoveryUrl,
      jwksUri: asked.jwksUri,
      http,
    });
  } catch (error) {
    if (error instanceof IdentityError) throw new UsageError(error.message);
    throw error;
  }
}

/** Never from the command line: it is shown to everybody on the machine, and the shell keeps it. */
function readTls(asked: DoctorArguments): TlsOptions | undefined {
  const { caFile, certFile, keyFile, pfxFile, passphraseEnv } = asked;
  if ([caFile, certFile, keyFile, pfxFile].every((file) => file === undefined)) return undefined;
  const passphrase = passphraseEnv === undefined ? undefined : process.env[passphraseEnv];
  if (passphraseEnv !== undefined && passphrase === undefined) {
    throw new UsageError(`the environment variable ${passphraseEnv} of --passphrase-env is not set`);
  }
  return {
    ca: caFile === undefined ? undefined : readFile(caFile),
    cert: certFile === undefined ? undefined : readFile(certFile),
    key: keyFile === undefined ? undefined : readFile(keyFile),
    pfx: pfxFile === undefined ? undefined : readBytes(pfxFile),
    passphrase,
  };
}

function readHeaders(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line, index) => {
      const at = line.indexOf(':');
      if (at < 1) throw new UsageError(`line ${String(index + 1)} of --header-file is not "name: value"`);
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

async function readToken(source: DoctorArguments['token'], stdin: Readable): Promise<string | undefined> {
  switch (source?.from) {
    case undefined:
      return undefined;
    case 'argument':
      return tokenIn(source.value, '--token');
    case 'file':
      return tokenIn(readFile(source.value), source.value);
    case 'stdin':
      return tokenIn(await readAll(stdin), 'standard input');
  }
}

/** An empty pipe is a command before it that failed, not a token to be judged. */
function tokenIn(text: string, where: string): string {
  const token = strip(text);
  if (token === '') throw new UsageError(`${where} holds no token`);
  return token;
}

/** As it is copied from a header or a shell. */
function strip(text: string): string {
  return text.trim().replace(/^(authorization:\s*)?bearer(\s+|$)/i, '');
}

function readFile(file: string): string {
  return readBytes(file).toString('utf8');
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${describeError(error)}`);
  }
}

function originsOf(urls: readonly string[]): ReadonlySet<string> {
  return new Set(urls.map((url) => new URL(url).origin));
}
