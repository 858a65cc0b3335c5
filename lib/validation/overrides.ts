import { IdentityError } from '../errors/identity-error.js';
import { withAliases } from '../model/algorithms.js';
import { isJsonObject } from '../model/json.js';
import { normalizeTokenType } from '../model/token-type.js';
import { isStringList } from '../options/kinds.js';
import { findUnknownName } from '../options/nearest-name.js';
import type { ValidateHook } from '../options/options.types.js';
import type { ValidationRules } from './validation-rules.js';

/** What one call may require beyond the configuration. It can only tighten it. */
export interface ValidationOverrides {
  /** Accepted issuers, among the configured ones. */
  readonly issuer?: string | readonly string[] | undefined;
  /** Accepted audiences, among the configured ones. */
  readonly audience?: string | readonly string[] | undefined;
  /** Accepted algorithms, among the configured ones. */
  readonly algorithms?: readonly string[] | undefined;
  /** Accepted `typ` values, among the configured ones; null stands for an absent one. */
  readonly tokenTypes?: readonly (string | null)[] | undefined;
  /** Claims that must be present, in addition to the configured ones. */
  readonly requiredClaims?: readonly string[] | undefined;
  /** Scopes that must all be granted; if not, `scope_missing`. */
  readonly scopes?: readonly string[] | undefined;
  /** The smaller one of this and the configured one holds. Milliseconds. */
  readonly clockToleranceMs?: number | undefined;
  /** Runs after the configured checks. */
  readonly validate?: ValidateHook | undefined;
}

/** Overrides after they were read. */
export interface ReadOverrides {
  readonly issuers: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  readonly algorithms: readonly string[] | undefined;
  readonly tokenTypes: readonly (string | null)[] | undefined;
  readonly requiredClaims: readonly string[];
  readonly scopes: readonly string[];
  readonly clockToleranceMs: number;
  readonly hooks: readonly ValidateHook[];
}

// Each of them tightens. No override loosens anything, so that one whose values come from a request can do no harm.
const NAMES = [
  'issuer',
  'audience',
  'algorithms',
  'tokenTypes',
  'requiredClaims',
  'scopes',
  'clockToleranceMs',
  'validate',
];

/** @throws {IdentityError} `invalid_override`: a programmer's error, never the token's fault. */
export function readOverrides(overrides: unknown): ReadOverrides {
  if (!isJsonObject(overrides)) throw invalid('expected an object');
  const unknown = findUnknownName(overrides, NAMES);
  if (unknown !== undefined) throw invalid(unknown);
  return {
    issuers: readList(overrides['issuer'], 'issuer'),
    audience: readList(overrides['audience'], 'audience'),
    algorithms: withBothNames(readList(overrides['algorithms'], 'algorithms')),
    tokenTypes: readTokenTypes(overrides['tokenTypes']),
    requiredClaims: readList(overrides['requiredClaims'], 'requiredClaims') ?? [],
    scopes: readList(overrides['scopes'], 'scopes') ?? [],
    clockToleranceMs: readTolerance(overrides['clockToleranceMs']),
    hooks: readHook(overrides['validate']),
  };
}

/** The stricter of both in every respect. What is accepted by neither or by one alone is refused. */
export function tighten(rules: ValidationRules, overrides: ReadOverrides): ValidationRules {
  const { tokenRules } = rules;
  return {
    ...rules,
    tokenRules: {
      ...tokenRules,
      audience: intersect(tokenRules.audience, overrides.audience),
      algorithms: intersect(tokenRules.algorithms, overrides.algorithms),
      tokenTypes: intersect(tokenRules.tokenTypes, overrides.tokenTypes),
      requiredClaims: [...new Set([...tokenRules.requiredClaims, ...overrides.requiredClaims])],
      clockToleranceMs: Math.min(tokenRules.clockToleranceMs, overrides.clockToleranceMs),
    },
    hooks: [...rules.hooks, ...overrides.hooks],
    scopes: [...new Set([...rules.scopes, ...overrides.scopes])],
  };
}

/**
 * Overrides that leave nothing to accept for any issuer they speak of are a mistake of the call.
 *
 * @throws {IdentityError} `invalid_override`.
 */
export function assertSatisfiable(all: readonly ValidationRules[]): void {
  const [first] = all;
  if (first === undefined) throw invalid('none of the named issuers is configured');
  const tests: readonly (readonly [name: string, isEmpty: (rules: ValidationRules) => boolean])[] = [
    ['audience', ({ tokenRules }) => tokenRules.audience?.length === 0],
    ['algorithms', ({ tokenRules }) => tokenRules.algorithms.length === 0],
    ['tokenTypes', ({ tokenRules }) => tokenRules.tokenTypes.length === 0],
  ];
  for (const [name, isEmpty] of tests) {
    if (all.every(isEmpty)) throw invalid(`"${name}" and the configured one have nothing in common`);
  }
}

/** null (any) gives way; otherwise what both hold. */
function intersect<T>(configured: readonly T[], override: readonly T[] | undefined): readonly T[];
function intersect<T>(
  configured: readonly T[] | null,
  override: readonly T[] | undefined,
): readonly T[] | null;
function intersect<T>(
  configured: readonly T[] | null,
  override: readonly T[] | undefined,
): readonly T[] | null {
  if (override === undefined) return configured;
  return configured === null ? override : configured.filter((item) => override.includes(item));
}

function readList(value: unknown, name: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '' && (name === 'issuer' || name === 'audience')) return [value];
  if (isStringList(value)) return value;
  throw invalid(`"${name}" must be a non-empty list of strings`);
}

/** RFC 9864 section 2.2: EdDSA and Ed25519 are one algorithm if the key is of Ed25519. */
function withBothNames(algorithms: readonly string[] | undefined): readonly string[] | undefined {
  return algorithms === undefined ? undefined : withAliases(algorithms);
}

function readTokenTypes(value: unknown): readonly (string | null)[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) throw invalid('"tokenTypes" must be a non-empty list');
  return value.map((type: unknown) => {
    if (type === null) return null;
    if (typeof type === 'string' && type !== '') return normalizeTokenType(type);
    throw invalid('"tokenTypes" must hold strings, or null for an absent type');
  });
}

/** Infinity if absent: the smaller one of both is the configured one then. */
function readTolerance(value: unknown): number {
  if (value === undefined) return Infinity;
  if (typeof value === 'number' && value >= 0) return value;
  throw invalid('"clockToleranceMs" must be a number of milliseconds, 0 or more');
}

function readHook(value: unknown): readonly ValidateHook[] {
  if (value === undefined) return [];
  if (typeof value === 'function') return [value as ValidateHook];
  throw invalid('"validate" must be a function');
}

function invalid(problem: string): IdentityError {
  return new IdentityError('invalid_override', `The overrides of this validation are wrong: ${problem}.`);
}
