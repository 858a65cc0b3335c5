import type { Clock } from '../cache/clock.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import { HeaderCache } from '../tokens/header-cache.js';
import type { IssuerFinder, RunContext, SenderVerifier } from './run-context.js';
import { TokenCache } from './token-cache.js';

/** The context of the validations of a module, with caches of its own. */
export function createRunContext(
  options: ResolvedOptions,
  issuers: IssuerFinder,
  clock: Clock,
  sender: SenderVerifier | null = null,
): RunContext {
  return {
    options,
    issuers,
    lookUps: issuers.keyLookUps,
    clock,
    headers: new HeaderCache(Math.max(issuers.configured.length, options.cache.maxEntries)),
    tokenCache: options.tokenCache && new TokenCache(options.tokenCache, clock),
    sender: sender ?? undefined,
  };
}
