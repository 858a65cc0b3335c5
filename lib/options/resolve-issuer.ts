import { isUrlAllowed, parseUrl } from '../http/url-policy.js';
import { findAlgorithm, isVerifiableHere, SIGNATURE_ALGORITHMS, withAliases } from '../model/algorithms.js';
import type { HttpSettings } from '../http/http-settings.js';
import { deepFreeze, isJsonObject } from '../model/json.js';
import { readClaimSource } from './read-claim-source.js';
import { isStringList, type OptionReader } from './option-reader.js';
import type { ClaimSource, Profile, ValidateHook } from './options.types.js';
import { resolveHttp } from './resolve-http.js';
import type { ResolvedIssuer } from './resolved-options.js';

/** What may stand at the top and in each issuer. */
export const SHARED_NAMES = [
  'audience',
  'audienceClaim',
  'algorithms',
  'profile',
  'http',
  'validate',
  'rolesClaim',
] as const;
/** What belongs to one issuer. */
export const ONE_ISSUER_NAMES = ['issuer', 'metadataIssuer', 'discoveryUrl', 'jwksUri'] as const;

/** The shared members at the top, which are the defaults of each issuer. */
export interface IssuerDefaults {
  /** undefined where the top names none. */
  readonly audience: readonly string[] | null | undefined;
  readonly audienceClaim: string;
  readonly algorithms: readonly string[];
  readonly profile: Profile;
  readonly http: HttpSettings;
  readonly validate: readonly ValidateHook[];
  readonly rolesClaim: ClaimSource | undefined;
}

const VERIFIABLE: readonly string[] = Object.freeze(
  SIGNATURE_ALGORITHMS.filter(isVerifiableHere).map((row) => row.name),
);

export function readIssuerDefaults(reader: OptionReader, baseHttp: HttpSettings): IssuerDefaults {
  return readShared(reader, {
    audience: undefined,
    audienceClaim: 'aud',
    algorithms: VERIFIABLE,
    profile: 'any',
    http: baseHttp,
    validate: [],
    rolesClaim: undefined,
  });
}

/** One issuer; undefined where it has no usable name. */
export function resolveIssuer(reader: OptionReader, defaults: IssuerDefaults): ResolvedIssuer | undefined {
  const issuer = reader.string('issuer');
  if (issuer === undefined) {
    if (!reader.has('issuer')) {
      reader.problem('issuer', "is missing: the exact string that tokens carry in 'iss'");
    }
    return undefined;
  }
  const shared = reader.path === '' ? defaults : readShared(reader, defaults);
  if (shared.audience === undefined) {
    const advice = 'name the audience of your API, as the provider puts it into tokens; null accepts any';
    reader.problem('audience', `is missing: ${advice}`);
  }
  const { audience, audienceClaim, algorithms, profile, http, validate, rolesClaim } = shared;
  // Named one by one: an object that is made by spreading and frozen then has a hidden class of its own.
  const resolved: ResolvedIssuer = {
    issuer,
    audience: audience ?? null,
    audienceClaim,
    algorithms,
    profile,
    http,
    validate,
    rolesClaim,
    metadataIssuer: reader.string('metadataIssuer') ?? issuer,
    discoveryUrl: readUrl(reader, 'discoveryUrl', shared.http),
    jwksUri: readUrl(reader, 'jwksUri', shared.http),
    jwks: reader.path === '' ? undefined : readStaticKeySet(reader),
  };
  refuseContradictions(reader, resolved);
  return Object.freeze(resolved);
}

function readShared(reader: OptionReader, base: IssuerDefaults): IssuerDefaults {
  const hook = reader.function('validate') as ValidateHook | undefined;
  return {
    audience: readAudience(reader) ?? (reader.raw('audience') === null ? null : base.audience),
    audienceClaim: reader.string('audienceClaim') ?? base.audienceClaim,
    algorithms: readAlgorithms(reader) ?? base.algorithms,
    profile: reader.oneOf('profile', base.profile, ['any', 'rfc9068']),
    http: resolveHttp(reader, base.http),
    validate: Object.freeze(hook === undefined ? base.validate : [...base.validate, hook]),
    rolesClaim: readClaimSource(reader, 'rolesClaim') ?? base.rolesClaim,
  };
}

function readAudience(reader: OptionReader): readonly string[] | undefined {
  const value = reader.raw('audience');
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value.trim() !== '') return Object.freeze([value]);
  if (isStringList(value)) return Object.freeze([...new Set(value)]);
  reader.wrong('audience', 'a non-empty string, a non-empty list of them, or null');
  return undefined;
}

function readAlgorithms(reader: OptionReader): readonly string[] | undefined {
  const names = reader.strings('algorithms');
  if (names === undefined) return undefined;
  for (const name of names) {
    const row = findAlgorithm(name);
    if (row === undefined) {
      const why =
        name === 'none' || /^HS\d/.test(name)
          ? 'is not allowed: an access token must be signed with an asymmetric key'
          : `is not known; known are ${SIGNATURE_ALGORITHMS.map((known) => known.name).join(', ')}`;
      reader.problem('algorithms', `'${name}' ${why}`);
    } else if (!isVerifiableHere(row)) {
      reader.problem(
        'algorithms',
        `'${name}' cannot be verified by Node.js ${process.version}; leave it out`,
      );
    }
  }
  return Object.freeze(withAliases(names));
}

function readUrl(
  reader: OptionReader,
  name: 'discoveryUrl' | 'jwksUri',
  http: HttpSettings,
): string | undefined {
  const value = reader.string(name);
  if (value === undefined || isUrlAllowed(value, http.allowInsecureOrigins)) return value;
  reader.wrong(name, 'an https URL (http only on loopback, or with http.allowInsecureOrigins)');
  return undefined;
}

function readStaticKeySet(reader: OptionReader): ResolvedIssuer['jwks'] {
  if (!reader.has('jwks')) return undefined;
  const value = copyJson(reader.raw('jwks'));
  if (isJsonObject(value) && Array.isArray(value['keys']) && value['keys'].length > 0) {
    return deepFreeze(value);
  }
  reader.problem(
    'jwks',
    'expected a JWK Set, { keys: [ … ] }, with at least one key; cache settings of key sets stand at the top',
  );
  return undefined;
}

/** What JSON can say of a value; undefined where it cannot. */
function copyJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    return undefined;
  }
}

function refuseContradictions(reader: OptionReader, issuer: ResolvedIssuer): void {
  const sources = (['discoveryUrl', 'jwksUri', 'jwks'] as const).filter((name) => issuer[name] !== undefined);
  if (sources.length > 1) {
    reader.problem(sources[1] ?? '', `contradicts "${sources[0] ?? ''}": the keys come from one place`);
  }
  if (reader.has('metadataIssuer') && (issuer.jwksUri !== undefined || issuer.jwks !== undefined)) {
    reader.problem('metadataIssuer', 'has no effect without discovery');
  }
  if (sources.length > 0) return;
  const url = parseUrl(issuer.issuer);
  if (url !== undefined && url.search === '' && url.hash === '') {
    if (isUrlAllowed(issuer.issuer, issuer.http.allowInsecureOrigins)) return;
  }
  reader.wrong(
    'issuer',
    'an https URL without query and fragment (http only on loopback, or with http.allowInsecureOrigins); ' +
      'an issuer of another form needs "discoveryUrl", "jwksUri" or "jwks"',
  );
}
