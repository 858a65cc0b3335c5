import type { Clock } from '../cache/clock.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import { HeaderCache } from '../tokens/header-cache.js';
import type { IssuerFinder, KeyFinder, LookUpCounter, RunContext } from './run-context.js';
import { TokenCache } from './token-cache.js';

/** The context of the validations of a module, with caches of its own. */
export function createRunContext(
  options: ResolvedOptions,
  issuers: IssuerFinder,
  keys: KeyFinder & LookUpCounter,
  clock: Clock,
): RunContext {
  return {
    options,
    issuers,
    keys,
    lookUps: keys,
    clock,
    headers: new HeaderCache(),
    tokenCache: options.tokenCache && new TokenCache(options.tokenCache, clock),
  };
}
