import { deepFreeze } from '../model/json.js';
import type { TokenHeader } from '../model/token.js';

/** A JOSE header (RFC 7515 section 4), checked and frozen. */
export interface JoseHeader {
  readonly header: TokenHeader;
  /** `typ` as it is compared; null if there is none. */
  readonly type: string | null;
}

/** A provider has a header for each of its keys. */
const MAX_HEADERS = 256;

/**
 * Headers by the exact text of their segment. Only those of tokens whose signature was verified are
 * remembered, so that nobody can fill it with made-up ones. They hold no decision: algorithm, key and
 * type are looked up and checked for each token.
 */
export class HeaderCache {
  private readonly bySegment = new Map<string, JoseHeader>();

  get(segment: string): JoseHeader | undefined {
    return this.bySegment.get(segment);
  }

  remember(segment: string, header: JoseHeader): void {
    if (this.bySegment.size >= MAX_HEADERS) {
      for (const oldest of this.bySegment.keys()) {
        this.bySegment.delete(oldest);
        break;
      }
    }
    // A slice of a token holds on to the whole token; a copy does not.
    this.bySegment.set(Buffer.from(segment).toString(), header);
  }
}

/** The frozen header of a verified token. Only such headers are remembered: nobody can fill the cache with made-up ones. */
export function rememberHeader(
  cache: HeaderCache | undefined,
  { token, header, type }: JoseHeader & { readonly token: string },
): TokenHeader {
  // A frozen header came from the cache.
  if (Object.isFrozen(header)) return header;
  const frozen = deepFreeze(header);
  cache?.remember(token.slice(0, token.indexOf('.')), { header: frozen, type });
  return frozen;
}
