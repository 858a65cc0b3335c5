import { isDeepStrictEqual } from 'node:util';
import type { ResolvedIssuer } from '../options/resolved-options.js';

const KEY_SOURCE = ['metadataIssuer', 'discoveryUrl', 'jwksUri', 'jwks'] as const;

/** Whether two answers of the application for one tenant take its keys from the same place. */
export function hasSameKeySource(before: ResolvedIssuer, now: ResolvedIssuer): boolean {
  return KEY_SOURCE.every((name) => isDeepStrictEqual(before[name], now[name]));
}

/** The options of now; what has not changed stays the same object, since connections and rules hang on it. */
export function reuseOptions(before: ResolvedIssuer | undefined, now: ResolvedIssuer): ResolvedIssuer {
  if (before === undefined) return now;
  const http = isDeepStrictEqual(before.http, now.http) ? before.http : now.http;
  const merged = Object.freeze({ ...now, http });
  return isDeepStrictEqual(before, merged) ? before : merged;
}
