import { text as readAll } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { IdentityError } from '../errors/identity-error.js';
import { examineProvider } from './examine-provider.js';
import { examineTls } from './examine-tls.js';
import { examineToken } from './examine-token.js';
import { toReport, type DoctorReport, type Finding } from './finding.js';
import { httpOptionsOf, readFile } from './http-options-of.js';
import { openSession } from './provider-session.js';
import { UsageError, type ProviderArguments } from './read-arguments.js';

/**
 * Examines a provider, and a token where one is given.
 *
 * @throws {UsageError} a file cannot be read, there is no token where one was announced, or the options contradict each other.
 */
export async function runDoctor(asked: ProviderArguments, stdin: Readable): Promise<DoctorReport> {
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
    return toReport({ issuer: asked.issuer }, findings);
  } finally {
    await session.close();
  }
}

function open(asked: ProviderArguments): ReturnType<typeof openSession> {
  const http = httpOptionsOf(asked);
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

async function readToken(source: ProviderArguments['token'], stdin: Readable): Promise<string | undefined> {
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

function originsOf(urls: readonly string[]): ReadonlySet<string> {
  return new Set(urls.map((url) => new URL(url).origin));
}
