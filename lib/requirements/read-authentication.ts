import { isUnset } from '../model/json.js';
import type { ValidatedToken } from '../model/token.js';
import type { StepUp } from '../options/options.types.js';

/** What a token says about how and when its user logged in. */
export interface Authentication {
  /** The contexts that the login satisfied; none if the token does not say. */
  readonly contexts: readonly string[];
  /** Milliseconds since 1970; undefined if the token does not say. */
  readonly timeMs: number | undefined;
  /** Names of claims that are there and cannot be read. */
  readonly malformed: { readonly context?: string; readonly time?: string };
}

/**
 * `acr` is one string and `auth_time` a number of seconds (OpenID Connect Core section 2). Entra ID has a list of contexts
 * in `acrs`, and its `acr` means something else.
 */
export function readAuthentication(claims: ValidatedToken['claims'], stepUp: StepUp): Authentication {
  const name = stepUp === 'entra' ? 'acrs' : 'acr';
  const contexts = contextsOf(claims[name], stepUp);
  const timeMs = timeOf(claims['auth_time']);
  return {
    contexts: contexts ?? [],
    timeMs: timeMs ?? undefined,
    malformed: {
      ...(contexts === null && { context: name }),
      ...(timeMs === null && { time: 'auth_time' }),
    },
  };
}

/** null for what is no such claim. */
function contextsOf(value: unknown, stepUp: StepUp): readonly string[] | undefined | null {
  if (isUnset(value)) return undefined;
  if (typeof value === 'string') return [value];
  if (stepUp !== 'entra' || !Array.isArray(value)) return null;
  return value.every((item) => typeof item === 'string') ? value : null;
}

/** null for what is no such claim. RFC 7519 section 2 NumericDate: fractions are allowed. */
function timeOf(value: unknown): number | undefined | null {
  if (isUnset(value)) return undefined;
  return Number.isFinite(value) && (value as number) >= 0 ? (value as number) * 1000 : null;
}
