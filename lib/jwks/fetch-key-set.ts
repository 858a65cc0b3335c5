import { IdentityError } from '../errors/identity-error.js';
import type { DocumentAnswer } from '../http/document.js';
import type { FetchOptions, HttpClient } from '../http/http-client.js';
import { lazyPackage } from '../http/lazy-package.js';
import { isJsonObject } from '../model/json.js';

/** The raw members of `keys` (RFC 7517 section 5), with the answer they came in. */
export interface RawKeySet {
  /** undefined if the set that is known still holds: 304. */
  readonly keys: readonly unknown[] | undefined;
  readonly answer: DocumentAnswer;
}

/**
 * With the first key set, not with the module: jwks-rsa requires jose, an ES module. Node.js 20.19.0 to 20.19.4 and 22.12 to
 * 22.14 refuse that while a graph of ES modules that holds both is being loaded (ERR_REQUIRE_CYCLE_MODULE).
 */
const loadJwksRsa = lazyPackage('jwks-rsa', async () => import('jwks-rsa'));

/** Loads it ahead of the first key set. What fails is said by the fetch that needs it. */
export function prepareKeySets(): void {
  loadJwksRsa().catch(() => undefined);
}

/**
 * Fetches a key set through jwks-rsa, whose `getKeys()` hands over the document's keys untouched; its
 * own cache, per-key conversion and rate limit stay out of the way, since ours know more.
 *
 * @throws {IdentityError} what the client throws; `provider_unreachable` if jwks-rsa cannot be loaded; `provider_response_invalid` for what is no key set.
 */
export async function fetchKeySet(
  client: HttpClient,
  url: string,
  options: FetchOptions,
): Promise<RawKeySet> {
  const { JwksClient } = await loadJwksRsa();
  let answer: DocumentAnswer | undefined;
  const transport = new JwksClient({
    jwksUri: url,
    cache: false,
    rateLimit: false,
    fetcher: async (uri) => {
      answer = await client.getJson(uri, options);
      return { keys: answer.json === undefined ? [] : keysOf(answer.json.body, uri) };
    },
  });
  const keys: unknown = await transport.getKeys();
  if (answer === undefined || !Array.isArray(keys)) throw notAKeySet(url);
  return { keys: answer.json === undefined ? undefined : keys, answer };
}

/** The `keys` of a JWK Set document. */
export function keysOf(document: unknown, source: string): readonly unknown[] {
  const keys = isJsonObject(document) ? document['keys'] : undefined;
  if (!Array.isArray(keys)) throw notAKeySet(source);
  return keys;
}

function notAKeySet(source: string): IdentityError {
  return new IdentityError('provider_response_invalid', `${source} is not a JWK Set: it has no list "keys"`);
}
