import { readFileSync } from 'node:fs';
import { describeError } from '../errors/identity-error.js';
import type { TlsOptions } from '../options/http-options.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { UsageError, type HttpArguments } from './read-arguments.js';

/**
 * Only what the command line says: the environment (proxy, certificate authorities) is read as an application reads it. Twice the
 * timeout is enough for metadata and keys, since nothing is retried.
 *
 * @throws {UsageError} a file cannot be read, or a variable of the environment is not set.
 */
export function httpOptionsOf(asked: HttpArguments): NonNullable<IdentityModuleOptions['http']> {
  return {
    timeoutMs: asked.timeoutMs,
    deadlineMs: asked.timeoutMs === undefined ? undefined : 2 * asked.timeoutMs,
    allowInsecureOrigins: asked.allowInsecureOrigins,
    tls: readTls(asked),
    headers: asked.headerFile === undefined ? undefined : readHeaders(readFile(asked.headerFile)),
  };
}

/** Never from the command line: it is shown to everybody on the machine, and the shell keeps it. */
function readTls(asked: HttpArguments): TlsOptions | undefined {
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

export function readFile(file: string): string {
  return readBytes(file).toString('utf8');
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${describeError(error)}`);
  }
}
