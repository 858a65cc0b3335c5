import { JwksClient } from 'jwks-rsa';
import { IdentityError } from '../errors/identity-error.js';
import type { FetchOptions, HttpClient, JsonResponse } from '../http/http-client.js';
import { isJsonObject } from '../model/json.js';

/** The raw members of `keys` (RFC 7517 section 5), with the answer they came in. */
export interface RawKeySet {
  readonly keys: readonly unknown[];
  readonly response: JsonResponse;
}

/**
 * Fetches a key set through jwks-rsa, whose `getKeys()` hands over the document's keys untouched; its
 * own cache, per-key conversion and rate limit stay out of the way, since ours know more.
 *
 * @throws {IdentityError} what the client throws; `provider_response_invalid` for what is no key set.
 */
export async function fetchKeySet(
  client: HttpClient,
  url: string,
  options: FetchOptions,
): Promise<RawKeySet> {
  let response: JsonResponse | undefined;
  const transport = new JwksClient({
    jwksUri: url,
    cache: false,
    rateLimit: false,
    fetcher: async (uri) => {
      response = await client.getJson(uri, options);
      return { keys: keysOf(response.body, uri) };
    },
  });
  const keys: unknown = await transport.getKeys();
  if (response === undefined || !Array.isArray(keys)) throw notAKeySet(url);
  return { keys, response };
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
