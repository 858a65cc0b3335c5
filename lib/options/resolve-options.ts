import { inspect } from 'node:util';
import { isUrlAllowed, parseUrl } from '../http/url-policy.js';
import { normalizeTokenType } from '../model/token-type.js';
import { IdentityError } from '../errors/identity-error.js';
import { atOnce } from './at-once.js';
import { isStringList, OptionReader, Problems } from './option-reader.js';
import type { IssuerSource, JwtFromRequest, MapUser } from './options.types.js';
import { readClaimSource } from './read-claim-source.js';
import { readHttpEnvironment, refuseRuntime } from './read-environment.js';
import { defaultHttp } from './resolve-http.js';
import {
  ONE_ISSUER_NAMES,
  readIssuerDefaults,
  resolveIssuer,
  SHARED_NAMES,
  type IssuerDefaults,
} from './resolve-issuer.js';
import type { ResolvedIssuer, ResolvedLifetime, ResolvedOptions, TenantSource } from './resolved-options.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Every default that is not tied to one issuer or to http. */
const DEFAULTS = Object.freeze({
  tokenTypes: Object.freeze(['at+jwt', 'JWT', null]),
  acceptIdTokens: false,
  acceptEventsClaim: false,
  requiredClaims: Object.freeze(['exp']),
  clockToleranceMs: 30_000,
  maxTokenBytes: 16_384,
  realm: 'api',
  scopeClaim: Object.freeze(['scope', 'scp']),
  warmUp: 'background',
  refreshAheadRatio: 0.8,
  unguarded: 'error',
  cache: Object.freeze({ maxEntries: 128 }),
  tokenCache: Object.freeze({ maxEntries: 10_000, maxBytes: 64 * 1024 * 1024 }),
  transports: Object.freeze({ tokenFromUrl: false, tokenFromPayload: false, closeExpired: false }),
  discovery: Object.freeze({
    ttlMs: HOUR_MS,
    minTtlMs: MINUTE_MS,
    maxTtlMs: 24 * HOUR_MS,
    staleIfErrorMs: 24 * HOUR_MS,
  }),
  jwks: Object.freeze({
    ttlMs: 10 * MINUTE_MS,
    minTtlMs: MINUTE_MS,
    maxTtlMs: HOUR_MS,
    staleIfErrorMs: 24 * HOUR_MS,
    unknownKidCooldownMs: 2_000,
    unknownKidMaxWaitMs: 5_000,
    unknownKidTtlMs: 5_000,
    maxWaiting: 1_000,
    badSignatureCooldownMs: 2_000,
  }),
});

const LIFETIME_NAMES = ['ttlMs', 'minTtlMs', 'maxTtlMs', 'staleIfErrorMs'] as const;
const TOP_NAMES: readonly string[] = [
  ...ONE_ISSUER_NAMES,
  ...SHARED_NAMES,
  'issuers',
  'allowedIssuers',
  'tokenTypes',
  'acceptIdTokens',
  'acceptEventsClaim',
  'requiredClaims',
  'clockToleranceMs',
  'mapUser',
  'maxTokenBytes',
  'jwtFromRequest',
  'realm',
  'scopeClaim',
  'senderConstrained',
  'resourceMetadataUrl',
  'warmUp',
  'cache',
  'tokenCache',
  'transports',
  'discovery',
  'jwks',
  'refreshAheadRatio',
  'unguarded',
];
const TOP_HINTS = {
  isGlobal: 'belongs beside "useFactory", "useClass" or "useExisting" in forRootAsync, not into its result',
  clockTolerance: 'unknown option; it is "clockToleranceMs", in milliseconds',
};

/**
 * Checks, completes and freezes the options of the module.
 *
 * @param raw - what the application gave; not trusted to fit its type.
 * @param environment - read for proxies, certificate authorities and time limits only.
 * @throws {IdentityError} `options_invalid`, with every problem and what to do about it.
 */
export function resolveOptions(raw: unknown, environment: NodeJS.ProcessEnv = process.env): ResolvedOptions {
  const problems = new Problems();
  const reader = new OptionReader(raw ?? {}, '', problems, TOP_NAMES, TOP_HINTS);
  refuseRuntime(process.versions, problems);
  const environmentHttp = readHttpEnvironment(environment, problems, reader.raw('http'));
  const namesIssuersAtStart = typeof reader.raw('issuers') !== 'function';
  const defaults = readIssuerDefaults(
    reader,
    Object.freeze(defaultHttp(environmentHttp, namesIssuersAtStart)),
  );
  const scopeClaim = readClaimSource(reader, 'scopeClaim');
  const tokenTypes = Object.freeze(readTokenTypes(reader));
  const options: ResolvedOptions = {
    issuers: Object.freeze(resolveIssuers(reader, defaults, problems)),
    tenants: readTenants(reader, defaults, tokenTypes),
    tokenTypes,
    acceptIdTokens: reader.boolean('acceptIdTokens', DEFAULTS.acceptIdTokens),
    acceptEventsClaim: reader.boolean('acceptEventsClaim', DEFAULTS.acceptEventsClaim),
    requiredClaims: Object.freeze([
      ...new Set([...DEFAULTS.requiredClaims, ...(reader.strings('requiredClaims') ?? [])]),
    ]),
    clockToleranceMs: reader.number('clockToleranceMs', DEFAULTS.clockToleranceMs, {
      min: 0,
      max: 10 * MINUTE_MS,
      unit: 'milliseconds',
    }),
    mapUser: reader.function('mapUser') as MapUser | undefined,
    maxTokenBytes: reader.number('maxTokenBytes', DEFAULTS.maxTokenBytes, {
      min: 256,
      max: 1_048_576,
      integer: true,
      unit: 'bytes',
    }),
    jwtFromRequest: reader.function('jwtFromRequest') as JwtFromRequest | undefined,
    realm: readQuotable(reader, 'realm') ?? DEFAULTS.realm,
    scopeClaim: scopeClaim === undefined ? DEFAULTS.scopeClaim : Object.freeze([scopeClaim]),
    resourceMetadataUrl: readQuotable(reader, 'resourceMetadataUrl'),
    warmUp: reader.oneOf('warmUp', DEFAULTS.warmUp, ['background', 'await', 'off']),
    cache: Object.freeze({
      maxEntries: reader.nested('cache', ['maxEntries']).count('maxEntries', DEFAULTS.cache.maxEntries),
    }),
    tokenCache: readTokenCache(reader),
    transports: readTransports(reader),
    discovery: Object.freeze(readLifetime(reader.nested('discovery', LIFETIME_NAMES), DEFAULTS.discovery)),
    jwks: Object.freeze(readJwks(reader)),
    refreshAheadRatio: reader.number('refreshAheadRatio', DEFAULTS.refreshAheadRatio, { min: 0.1, max: 1 }),
    unguarded: reader.oneOf('unguarded', DEFAULTS.unguarded, ['error', 'warn', 'off']),
    warnings: Object.freeze([...problems.warnings]),
  };
  reader.oneOf('senderConstrained', 'reject', ['reject']);
  refuseTypesWithoutProfile(reader, [...options.issuers, defaults], tokenTypes);
  if (options.issuers.length > options.cache.maxEntries) {
    const count = `${String(options.issuers.length)} issuers are configured`;
    problems.add(
      'cache.maxEntries',
      `${count}; all of them must fit, got ${String(options.cache.maxEntries)}`,
    );
  }
  problems.throwIfAny();
  return Object.freeze(options);
}

/** RFC 9068 section 4 accepts `at+jwt` only: a list without it would accept nothing of such an issuer. */
function refuseTypesWithoutProfile(
  reader: OptionReader,
  issuers: readonly Pick<ResolvedIssuer, 'profile'>[],
  tokenTypes: ResolvedOptions['tokenTypes'],
): void {
  const isProfiled = issuers.some(({ profile }) => profile === 'rfc9068');
  if (!isProfiled || tokenTypes.length === 0 || tokenTypes.includes('at+jwt')) return;
  reader.problem(
    'tokenTypes',
    "contradicts \"profile\": 'rfc9068', which accepts 'at+jwt' only; add it, or leave one of them out",
  );
}

function resolveIssuers(
  reader: OptionReader,
  defaults: IssuerDefaults,
  problems: Problems,
): readonly ResolvedIssuer[] {
  if (!reader.has('issuers')) {
    const only = resolveIssuer(reader, defaults);
    return only === undefined ? [] : [only];
  }
  for (const name of ONE_ISSUER_NAMES) {
    if (reader.has(name)) reader.problem(name, 'contradicts "issuers"; it belongs into one of its members');
  }
  const list = reader.raw('issuers');
  if (typeof list === 'function') return [];
  if (!Array.isArray(list) || list.length === 0) {
    reader.wrong('issuers', 'a non-empty list of issuer options, or a function');
    return [];
  }
  const resolved = new Map<string, ResolvedIssuer>();
  for (const [index, raw] of list.entries()) {
    const path = `issuers[${String(index)}]`;
    const issuer = resolveIssuer(new OptionReader(raw ?? null, path, problems, ISSUER_NAMES), defaults);
    if (issuer === undefined) continue;
    if (resolved.has(issuer.issuer)) problems.add(`${path}.issuer`, 'stands in the list twice');
    resolved.set(issuer.issuer, issuer);
  }
  return [...resolved.values()];
}

const ISSUER_NAMES: readonly string[] = [...ONE_ISSUER_NAMES, ...SHARED_NAMES, 'jwks'];

function readTokenCache(reader: OptionReader): ResolvedOptions['tokenCache'] {
  if (!reader.has('tokenCache')) return undefined;
  const bounds = reader.nested('tokenCache', ['maxEntries', 'maxBytes']);
  return Object.freeze({
    maxEntries: bounds.count('maxEntries', DEFAULTS.tokenCache.maxEntries),
    maxBytes: bounds.count('maxBytes', DEFAULTS.tokenCache.maxBytes, 65_536),
  });
}

function readTransports(top: OptionReader): ResolvedOptions['transports'] {
  const { transports } = DEFAULTS;
  const reader = top.nested('transports', [...Object.keys(transports), 'tokenFromCookie']);
  return Object.freeze({
    tokenFromUrl: reader.boolean('tokenFromUrl', transports.tokenFromUrl),
    tokenFromPayload: reader.boolean('tokenFromPayload', transports.tokenFromPayload),
    tokenFromCookie: readCookieRule(reader),
    closeExpired: reader.boolean('closeExpired', transports.closeExpired),
  });
}

/** Without origins that are to the letter what browsers send, any site could use the cookie. */
function readCookieRule(transports: OptionReader): ResolvedOptions['transports']['tokenFromCookie'] {
  if (!transports.has('tokenFromCookie')) return undefined;
  const reader = transports.nested('tokenFromCookie', ['name', 'origins']);
  const name = reader.string('name') ?? '';
  const origins = reader.strings('origins') ?? [];
  if (!reader.has('name')) reader.problem('name', 'is missing: the name of the cookie');
  else if (name !== '' && !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    reader.wrong('name', 'the name of a cookie (RFC 6265 section 4.1.1)');
  }
  if (!reader.has('origins')) {
    reader.problem(
      'origins',
      'is missing: the origins of the pages that may open a WebSocket with the cookie',
    );
  }
  for (const origin of origins) {
    const problem = findOriginProblem(origin);
    if (problem !== undefined) reader.problem('origins', `${inspect(origin.slice(0, 60))} ${problem}`);
  }
  return Object.freeze({ name, origins: Object.freeze(origins) });
}

/** RFC 6454 section 6.2. A page that came over an open line may have been changed on the way. */
function findOriginProblem(text: string): string | undefined {
  const url = parseUrl(text);
  if (url === undefined || url.origin === 'null' || text.includes('*')) {
    return 'is not an origin such as https://app.example.com; patterns are not supported';
  }
  if (url.origin !== text) return `is never sent by a browser; write ${url.origin}`;
  return isUrlAllowed(text, []) ? undefined : 'is not https; plain http is for loopback';
}

/** The function form of `issuers`. What it may be asked for must be said, because tokens say who is asked for. */
function readTenants(
  reader: OptionReader,
  defaults: IssuerDefaults,
  tokenTypes: ResolvedOptions['tokenTypes'],
): TenantSource | undefined {
  const ask = reader.raw('issuers');
  if (typeof ask !== 'function') {
    if (reader.has('allowedIssuers')) {
      reader.problem('allowedIssuers', 'has no effect: it belongs to a function "issuers"');
    }
    return undefined;
  }
  const isAllowed = readAllowedIssuers(reader);
  if (isAllowed === undefined) return undefined;
  return Object.freeze({
    ask: ask as IssuerSource,
    isAllowed,
    resolve: (answer: unknown, name: string) => resolveTenant(answer, name, defaults, tokenTypes),
    deadlineMs: defaults.http.deadlineMs,
  });
}

function readAllowedIssuers(reader: OptionReader): TenantSource['isAllowed'] | undefined {
  const allowed = reader.raw('allowedIssuers');
  if (typeof allowed === 'function') {
    const predicate = allowed as (unverifiedIssuer: string) => unknown;
    return (unverifiedIssuer) => atOnce(predicate(unverifiedIssuer), '"allowedIssuers"') === true;
  }
  if (isStringList(allowed)) {
    const names = new Set(allowed);
    return (unverifiedIssuer) => names.has(unverifiedIssuer);
  }
  if (allowed === undefined) {
    reader.problem('allowedIssuers', 'is missing: a list or a predicate of what "issuers" may be asked for');
  } else {
    reader.wrong('allowedIssuers', 'a non-empty list of strings, or a function');
  }
  return undefined;
}

function resolveTenant(
  answer: unknown,
  name: string,
  defaults: IssuerDefaults,
  tokenTypes: ResolvedOptions['tokenTypes'],
): ResolvedIssuer {
  const problems = new Problems();
  const reader = new OptionReader(answer ?? null, 'issuers()', problems, ISSUER_NAMES);
  const resolved = resolveIssuer(reader, defaults);
  if (resolved !== undefined && resolved.issuer !== name) {
    reader.problem('issuer', 'is not the string that was asked for; they are compared to the letter');
  }
  if (resolved !== undefined) refuseTypesWithoutProfile(reader, [resolved], tokenTypes);
  problems.throwIfAny();
  if (resolved === undefined) throw new IdentityError('options_invalid');
  return resolved;
}

function readLifetime(reader: OptionReader, defaults: ResolvedLifetime): ResolvedLifetime {
  const lifetime = {
    ttlMs: reader.duration('ttlMs', defaults.ttlMs, 1),
    minTtlMs: reader.duration('minTtlMs', defaults.minTtlMs, 1),
    maxTtlMs: reader.duration('maxTtlMs', defaults.maxTtlMs, 1),
    staleIfErrorMs: reader.duration('staleIfErrorMs', defaults.staleIfErrorMs),
  };
  const ordered = lifetime.minTtlMs <= lifetime.ttlMs && lifetime.ttlMs <= lifetime.maxTtlMs;
  if (!ordered) {
    const { minTtlMs, ttlMs, maxTtlMs } = lifetime;
    const got = [minTtlMs, ttlMs, maxTtlMs].map(String).join(', ');
    reader.problem('ttlMs', `expected minTtlMs <= ttlMs <= maxTtlMs, got ${got} (defaults included)`);
  }
  return lifetime;
}

function readJwks(top: OptionReader): ResolvedOptions['jwks'] {
  const { ttlMs, minTtlMs, maxTtlMs, staleIfErrorMs, ...own } = DEFAULTS.jwks;
  const reader = top.nested('jwks', [...LIFETIME_NAMES, ...Object.keys(own)], {
    keys: 'a static key set belongs into issuers: [{ issuer, jwks: { keys } }]; here are its cache settings',
  });
  const jwks = {
    ...readLifetime(reader, { ttlMs, minTtlMs, maxTtlMs, staleIfErrorMs }),
    unknownKidCooldownMs: reader.duration('unknownKidCooldownMs', own.unknownKidCooldownMs, 1),
    unknownKidMaxWaitMs: reader.duration('unknownKidMaxWaitMs', own.unknownKidMaxWaitMs, 1),
    unknownKidTtlMs: reader.duration('unknownKidTtlMs', own.unknownKidTtlMs),
    maxWaiting: reader.count('maxWaiting', own.maxWaiting, 0),
    badSignatureCooldownMs: reader.duration('badSignatureCooldownMs', own.badSignatureCooldownMs, 1),
  };
  for (const name of ['unknownKidCooldownMs', 'badSignatureCooldownMs'] as const) {
    if (jwks[name] <= jwks.unknownKidMaxWaitMs) continue;
    // No request could wait for the next refresh: each token of a new key would be answered 503 first.
    const got = `${String(jwks[name])} and ${String(jwks.unknownKidMaxWaitMs)}`;
    reader.problem(name, `expected at most unknownKidMaxWaitMs, got ${got} (defaults included)`);
  }
  return jwks;
}

/** `typ` without `application/` and in lower case (RFC 7515 section 4.1.9), null for an absent one. */
function readTokenTypes(reader: OptionReader): readonly (string | null)[] {
  const value = reader.has('tokenTypes') ? reader.raw('tokenTypes') : DEFAULTS.tokenTypes;
  const fits =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((type) => type === null || (typeof type === 'string' && type.trim() !== ''));
  if (!fits) {
    reader.wrong('tokenTypes', "a non-empty list of 'typ' values, null for an absent one");
    return [];
  }
  return value.map((type: string | null) => (type === null ? null : normalizeTokenType(type)));
}

/** Goes into a quoted-string of a header: printable ASCII. */
function readQuotable(reader: OptionReader, name: string): string | undefined {
  const value = reader.string(name);
  if (value === undefined || /^[\x20-\x7e]+$/.test(value)) return value;
  reader.wrong(name, 'printable ASCII');
  return undefined;
}
