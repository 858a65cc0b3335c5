import { withAliases } from '../model/algorithms.js';
import type { JsonObject } from '../model/json.js';
import type { SharedIssuerValues } from './issuer-options.js';
import type { OptionIssue } from './option-issues.js';
import type { ResolvedOptions } from './resolved-options.js';
import { asSource } from './schema.js';

/** FAPI 2.0 Security Profile section 5.4.1: the algorithms of JWTs, access tokens and proofs alike. */
const ALGORITHMS: readonly string[] = withAliases(['PS256', 'ES256', 'EdDSA']);
/** Section 5.3.2.1 number 13: 10 seconds in the future are accepted, more than 60 are refused. */
const MIN_TOLERANCE_MS = 10_000;
const MAX_TOLERANCE_MS = 60_000;

/** What holds where the application says nothing. */
const DECIDED: JsonObject = {
  senderConstrained: 'require',
  algorithms: ['PS256', 'ES256', 'EdDSA'],
  clockToleranceMs: MIN_TOLERANCE_MS,
};

interface Demand<Values> {
  readonly path: string;
  readonly isMet: (values: Values) => boolean;
  /** What the value must be, for the message. */
  readonly demand: string;
}

type ModuleValues = Omit<ResolvedOptions, 'issuers' | 'resources' | 'tenants' | 'warnings' | 'decided'>;

const isTolerance = (ms: number): boolean => ms >= MIN_TOLERANCE_MS && ms <= MAX_TOLERANCE_MS;
const areAllowed = (algorithms: readonly string[]): boolean =>
  algorithms.every((each) => ALGORITHMS.includes(each));
const TOLERANCE = `from ${String(MIN_TOLERANCE_MS)} to ${String(MAX_TOLERANCE_MS)}`;
const HEADER_ONLY = 'left out: tokens come in the Authorization header only';

/** FAPI 2.0 Security Profile section 5.3.4, and what RFC 8725 demands by section 5.4.1. */
const OF_MODULE: readonly Demand<ModuleValues>[] = [
  {
    path: 'senderConstrained',
    isMet: ({ senderConstrained }) => senderConstrained === 'require',
    demand: "'require'",
  },
  {
    path: 'clockToleranceMs',
    isMet: ({ clockToleranceMs }) => isTolerance(clockToleranceMs),
    demand: TOLERANCE,
  },
  {
    path: 'dpop.clockToleranceMs',
    isMet: ({ dpop }) => dpop === undefined || isTolerance(dpop.clockToleranceMs),
    demand: TOLERANCE,
  },
  {
    path: 'dpop.algorithms',
    isMet: ({ dpop }) => dpop === undefined || areAllowed(dpop.algorithms),
    demand: 'some of PS256, ES256, EdDSA',
  },
  {
    path: 'transports.tokenFromUrl',
    isMet: ({ transports }) => !transports.tokenFromUrl,
    demand: HEADER_ONLY,
  },
  {
    path: 'transports.tokenFromPayload',
    isMet: ({ transports }) => !transports.tokenFromPayload,
    demand: HEADER_ONLY,
  },
  {
    path: 'transports.tokenFromCookie',
    isMet: ({ transports }) => transports.tokenFromCookie === undefined,
    demand: HEADER_ONLY,
  },
  {
    path: 'jwtFromRequest',
    isMet: ({ jwtFromRequest }) => jwtFromRequest === undefined,
    demand: HEADER_ONLY,
  },
  { path: 'acceptIdTokens', isMet: ({ acceptIdTokens }) => !acceptIdTokens, demand: 'false' },
  {
    path: 'requirementMode',
    isMet: ({ requirementMode }) => requirementMode === 'enforce',
    demand: "'enforce'",
  },
  { path: 'unguarded', isMet: ({ unguarded }) => unguarded === 'error', demand: "'error'" },
];

type IssuerLike = Pick<SharedIssuerValues, 'algorithms' | 'audience' | 'http'>;

const OF_ISSUER: readonly Demand<IssuerLike>[] = [
  {
    path: 'algorithms',
    isMet: ({ algorithms }) => areAllowed(algorithms),
    demand: 'some of PS256, ES256, EdDSA',
  },
  {
    path: 'audience',
    isMet: ({ audience }) => audience !== null,
    demand: 'that of this API (RFC 8725 section 3.9)',
  },
  {
    path: 'http.allowInsecureOrigins',
    isMet: ({ http }) => http.allowInsecureOrigins.length === 0,
    demand: 'left out: the provider is reached over TLS',
  },
];

/** What a profile makes of the options of an application. */
export interface AppliedProfile {
  /** The options, with what the profile decides. */
  readonly source: JsonObject;
  readonly judgeModule: (values: ModuleValues) => readonly OptionIssue[];
  readonly judgeIssuer: (issuer: IssuerLike) => readonly OptionIssue[];
  /** What was decided, for the log. */
  readonly describe: (values: ModuleValues) => readonly string[];
}

const NO_PROFILE: Omit<AppliedProfile, 'source'> = {
  judgeModule: () => [],
  judgeIssuer: () => [],
  describe: () => [],
};

/**
 * Puts what `profile: 'fapi2'` decides in the place of options that are not given. It is a profile of the whole module; what issuers
 * say in their `profile` is about the form of their tokens.
 */
export function applyProfile(given: unknown): AppliedProfile {
  const source = asSource(given);
  if (source['profile'] !== 'fapi2') return { source, ...NO_PROFILE };
  const missing = Object.entries(DECIDED).filter(([name]) => source[name] === undefined);
  const decided = missing.map(([name]) => name);
  return {
    source: { ...source, profile: undefined, ...Object.fromEntries(missing) },
    judgeModule: (values) => findContradictions(OF_MODULE, values),
    judgeIssuer: (issuer) => findContradictions(OF_ISSUER, issuer),
    describe: (values) => [describe(values, decided)],
  };
}

function findContradictions<Values>(demands: readonly Demand<Values>[], values: Values): OptionIssue[] {
  return demands
    .filter(({ isMet }) => !isMet(values))
    .map(({ path, demand }) => ({
      path,
      message: `contradicts "profile": 'fapi2', where it is ${demand}; leave one of them out`,
    }));
}

/** One line: what somebody who reads the options alone would not know. */
function describe({ dpop, mtls, clockToleranceMs }: ModuleValues, decided: readonly string[]): string {
  const proofs = [dpop && `DPoP (${dpop.algorithms.join(', ')})`, mtls && `mTLS (${mtls.certificate})`];
  const parts = [
    `senderConstrained 'require' with ${proofs.filter((each) => each !== undefined).join(' and ')}`,
    `algorithms of tokens from ${ALGORITHMS.join(', ')}`,
    `clockToleranceMs ${String(clockToleranceMs)}`,
    'tokens in the Authorization header only',
    'an audience for each issuer',
    'requirements of routes enforced',
  ];
  const given = decided.length === 0 ? '' : `; decided by the profile: ${decided.join(', ')}`;
  return `profile 'fapi2' (FAPI 2.0 Security Profile): ${parts.join('; ')}${given}. Whether a token was revoked is not known from it: keep tokens short-lived, or ask in "validate"`;
}
