import { deepFreeze } from '../model/json.js';
import type { TokenHeader } from '../model/token.js';

/** A JOSE header (RFC 7515 section 4), checked and frozen. */
export interface JoseHeader {
  readonly header: TokenHeader;
  /** `typ` as it is compared; null if there is none. */
  readonly type: string | null;
}

/** A provider has a header for each of its keys. */
const LEAST_HEADERS = 256;
/** Keys of one issuer that sign at the same time, while it rotates them. */
const HEADERS_OF_ISSUER = 2;

/**
 * Headers by the exact text of their segment. Only those of tokens whose signature was verified are
 * remembered, so that nobody can fill it with made-up ones. They hold no decision: algorithm, key and
 * type are looked up and checked for each token.
 */
export class HeaderCache {
  private readonly bySegment = new Map<string, JoseHeader>();
  private readonly max: number;
  /** The one found last: to compare it takes a tenth of the time in which V8 finds the hash of a segment. */
  private last: readonly [segment: string, header: JoseHeader] | undefined = undefined;

  /** @param issuers - how many are known at the most; each has a key of its own. */
  constructor(issuers = 1) {
    this.max = Math.max(LEAST_HEADERS, issuers * HEADERS_OF_ISSUER);
  }

  /** The header that a token begins with, up to its first dot at `end`. */
  find(token: string, end: number): JoseHeader | undefined {
    const { last } = this;
    if (last !== undefined && last[0].length === end && token.startsWith(last[0])) return last[1];
    const segment = token.slice(0, end);
    const header = this.bySegment.get(segment);
    if (header !== undefined) this.last = [copyOf(segment), header];
    return header;
  }

  remember(segment: string, header: JoseHeader): void {
    if (this.bySegment.size >= this.max) {
      for (const oldest of this.bySegment.keys()) {
        this.bySegment.delete(oldest);
        if (this.last?.[0] === oldest) this.last = undefined;
        break;
      }
    }
    this.bySegment.set(copyOf(segment), header);
  }
}

/** A slice of a token holds on to the whole token; a copy does not. */
function copyOf(segment: string): string {
  return Buffer.from(segment).toString();
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
