import { parseArgs } from 'node:util';
import { printable } from '../model/printable.js';

/** How requests are made. */
export interface HttpArguments {
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

interface ReportArguments extends HttpArguments {
  readonly json: boolean;
  readonly color: 'auto' | 'always' | 'never';
}

/** A provider is to be looked at, and a token. */
export interface ProviderArguments extends ReportArguments {
  readonly about: 'provider';
  readonly issuer: string;
  readonly audience: readonly string[] | undefined;
  /** Where the token comes from; undefined where none is to be looked at. */
  readonly token:
    { readonly from: 'argument' | 'file'; readonly value: string } | { readonly from: 'stdin' } | undefined;
  readonly metadataIssuer: string | undefined;
  readonly discoveryUrl: string | undefined;
  readonly jwksUri: string | undefined;
}

/** An API is to be looked at from outside. */
export interface ResourceArguments extends ReportArguments {
  readonly about: 'resource';
  /** An absolute URL, as clients use it. */
  readonly resource: string;
  /** Whether authorization servers on private addresses are meant to be there. */
  readonly allowPrivate: boolean;
}

/** What the command was asked for. */
export type DoctorArguments = ProviderArguments | ResourceArguments;

/** The call is wrong: the text says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param message - may repeat arguments, which need not be the caller's own words. */
  constructor(message: string) {
    super(message.split('\n').map(printable).join('\n'));
  }
}

export const USAGE = `Usage: nestjs-identity-model doctor <issuer> [options]
       nestjs-identity-model doctor --resource <url> [options]

Checks an OpenID provider as IdentityModule would: metadata, keys, caching, clocks, TLS; and a token, if one is given.
With --resource, looks at a running API as a client without a token does: its 401, its metadata, its authorization servers.

  --resource <url>           the API, as clients name it; or a protected route of it
  --allow-private            its authorization servers may be on private addresses
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
  --allow-insecure <origin>  an http origin in addition to loopback; may be repeated
  --json                     a report for programs
  --color <when>             auto (the default), always or never
  --help

Exit status: 0 no problems found, warnings included; 1 something is wrong with the provider, the token or the
API; 2 wrong usage.
`;

/** @throws {UsageError} */
export function readArguments(argv: readonly string[]): DoctorArguments | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help === true || positionals.length === 0) return 'help';
  const [command, ...named] = positionals;
  if (command !== 'doctor') throw new UsageError(`"${String(command)}" is no command; there is "doctor"`);
  const common = {
    json: values.json === true,
    color: readColor(values.color),
    caFile: values.ca,
    certFile: values.cert,
    keyFile: values.key,
    pfxFile: values.pfx,
    passphraseEnv: values['passphrase-env'],
    headerFile: values['header-file'],
    timeoutMs: readTimeout(values['timeout-ms']),
    allowInsecureOrigins: values['allow-insecure'] ?? [],
  };
  const { resource } = values;
  if (resource !== undefined) {
    const other = ONLY_PROVIDERS.find((name) => values[name] !== undefined);
    if (other !== undefined) throw new UsageError(`--${other} is about a provider, not about --resource`);
    if (named.length > 0) throw new UsageError('an issuer or --resource, not both');
    return { ...common, about: 'resource', resource, allowPrivate: values['allow-private'] === true };
  }
  const [issuer, ...rest] = named;
  if (issuer === undefined || rest.length > 0) throw new UsageError('exactly one issuer is expected');
  if (values['allow-private'] !== undefined) throw new UsageError('--allow-private is about --resource');
  return {
    ...common,
    about: 'provider',
    issuer,
    audience: values.audience,
    token: readToken(values.token, values['token-file']),
    metadataIssuer: values['metadata-issuer'],
    discoveryUrl: values['discovery-url'],
    jwksUri: values['jwks-uri'],
  };
}

const ONLY_PROVIDERS = [
  'audience',
  'token',
  'token-file',
  'metadata-issuer',
  'discovery-url',
  'jwks-uri',
] as const;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        resource: { type: 'string' },
        'allow-private': { type: 'boolean' },
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
function readToken(token: string | undefined, file: string | undefined): ProviderArguments['token'] {
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
