import { parseArgs } from 'node:util';
import { printable } from '../model/printable.js';

/** What the command was asked for. */
export interface DoctorArguments {
  readonly issuer: string;
  readonly audience: readonly string[] | undefined;
  /** Where the token comes from; undefined where none is to be looked at. */
  readonly token:
    { readonly from: 'argument' | 'file'; readonly value: string } | { readonly from: 'stdin' } | undefined;
  readonly json: boolean;
  readonly color: 'auto' | 'always' | 'never';
  readonly metadataIssuer: string | undefined;
  readonly discoveryUrl: string | undefined;
  readonly jwksUri: string | undefined;
  readonly caFile: string | undefined;
  /** The client certificate. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly pfxFile: string | undefined;
  /** The name of the environment variable that holds the passphrase of the key. */
  readonly passphraseEnv: string | undefined;
  readonly headerFile: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly allowInsecureOrigins: readonly string[];
}

/** The call is wrong: the text says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param message - may repeat arguments, which need not be the caller's own words. */
  constructor(message: string) {
    super(message.split('\n').map(printable).join('\n'));
  }
}

export const USAGE = `Usage: nestjs-identity-model doctor <issuer> [options]

Checks an OpenID provider as IdentityModule would: metadata, keys, caching, clocks, TLS; and a token, if one is given.

  --audience <name>          accepted audience of the token; may be repeated
  --token-file <file>        explain the token in a file; "-" reads standard input
  --token <token>            the same from the command line, where the shell's history keeps it
  --metadata-issuer <text>   what the metadata says, where it differs from the issuer by design
  --discovery-url <url>      metadata at another place
  --jwks-uri <url>           the key set; skips discovery
  --ca <file>                certificate authorities, PEM
  --cert <file>              client certificate chain, PEM; with --key <file>
  --pfx <file>               client certificate and key, PKCS #12
  --passphrase-env <name>    environment variable with the passphrase of --key or --pfx
  --header-file <file>       request headers like http.headers, "name: value" in each line; they may be secrets
  --timeout-ms <number>      for one request; 5000 by default
  --allow-insecure <origin>  an http origin besides loopback; may be repeated
  --json                     a report for programs
  --color <when>             auto (the default), always or never
  --help

Exit status: 0 all is well, warnings included; 1 something is wrong with the provider or the token; 2 wrong usage.
`;

/** @throws {UsageError} */
export function readArguments(argv: readonly string[]): DoctorArguments | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help === true || positionals.length === 0) return 'help';
  const [command, issuer, ...rest] = positionals;
  if (command !== 'doctor') throw new UsageError(`"${String(command)}" is no command; there is "doctor"`);
  if (issuer === undefined || rest.length > 0) throw new UsageError('exactly one issuer is expected');
  return {
    issuer,
    audience: values.audience,
    token: readToken(values.token, values['token-file']),
    json: values.json === true,
    color: readColor(values.color),
    metadataIssuer: values['metadata-issuer'],
    discoveryUrl: values['discovery-url'],
    jwksUri: values['jwks-uri'],
    caFile: values.ca,
    certFile: values.cert,
    keyFile: values.key,
    pfxFile: values.pfx,
    passphraseEnv: values['passphrase-env'],
    headerFile: values['header-file'],
    timeoutMs: readTimeout(values['timeout-ms']),
    allowInsecureOrigins: values['allow-insecure'] ?? [],
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        audience: { type: 'string', multiple: true },
        token: { type: 'string' },
        'token-file': { type: 'string' },
        json: { type: 'boolean' },
        color: { type: 'string' },
        'metadata-issuer': { type: 'string' },
        'discovery-url': { type: 'string' },
        'jwks-uri': { type: 'string' },
        ca: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        pfx: { type: 'string' },
        'passphrase-env': { type: 'string' },
        'header-file': { type: 'string' },
        'timeout-ms': { type: 'string' },
        'allow-insecure': { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the arguments cannot be read');
  }
}

/**
 * "-" is standard input, for both options. On a shared machine the value of `--token` is visible in the list of processes,
 * so the usage names the file first.
 */
function readToken(token: string | undefined, file: string | undefined): DoctorArguments['token'] {
  if (token !== undefined && file !== undefined) throw new UsageError('--token or --token-file, not both');
  if (token === '-' || file === '-') return { from: 'stdin' };
  if (token !== undefined) return { from: 'argument', value: token };
  return file === undefined ? undefined : { from: 'file', value: file };
}

function readColor(value: string | undefined): DoctorArguments['color'] {
  if (value === undefined || value === 'auto') return 'auto';
  if (value === 'always' || value === 'never') return value;
  throw new UsageError('--color expects auto, always or never');
}

/** Milliseconds, up to seven digits (2.8 hours); "1e3" and "0x10" are no numbers that people mean. */
function readTimeout(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,6}$/.test(value))
    throw new UsageError('--timeout-ms expects a whole number of milliseconds');
  return Number(value);
}
