import type { ResolvedResource } from '../options/resource-options.js';
import { resourceMetadata, type SenderOptions } from './resource-metadata.js';

/** What is answered at one address. */
export interface MetadataAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Browsers of every origin may read it: it holds nothing but what the challenge says to everybody anyway. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  // Whatever a client adds, such as `MCP-Protocol-Version`: none of it is read.
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Max-Age': '86400',
};
/** Clients ask once for each login: long enough for a crowd of them, short enough for an operator who corrects a mistake. */
const CACHE_SECONDS = 300;

/** Proxies may send the whole URL (RFC 9112 section 3.2.2). Which host it names says nothing: the path decides. */
const ORIGIN = /^https?:\/\/[^/?]*/i;

/** The metadata documents, made once: an answer costs a look-up. */
export class MetadataDocuments {
  private readonly byPath: ReadonlyMap<string, string>;

  constructor(resources: readonly ResolvedResource[], sender: SenderOptions) {
    this.byPath = new Map(
      resources
        .filter(({ serveMetadata }) => serveMetadata)
        .map((resource) => [new URL(resource.metadataUrl).pathname, resourceMetadata(resource, sender)]),
    );
  }

  get isEmpty(): boolean {
    return this.byPath.size === 0;
  }

  /**
   * The answer for a request; undefined if it is not for one of the documents.
   *
   * @param asked - the request target as it came: path and query, or a whole URL. Only the path is compared, exactly.
   */
  answer(method: string, asked: string): MetadataAnswer | undefined {
    const target = asked.startsWith('/') ? asked : asked.replace(ORIGIN, '');
    const query = target.indexOf('?');
    const body = this.byPath.get(query === -1 ? target : target.slice(0, query));
    if (body === undefined) return undefined;
    if (method === 'OPTIONS')
      return { status: 204, headers: { ...CORS, Allow: CORS['Access-Control-Allow-Methods'] }, body: '' };
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, headers: { ...CORS, Allow: CORS['Access-Control-Allow-Methods'] }, body: '' };
    }
    const headers = {
      ...CORS,
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': `public, max-age=${String(CACHE_SECONDS)}`,
      'X-Content-Type-Options': 'nosniff',
    };
    return { status: 200, headers, body: method === 'HEAD' ? '' : body };
  }
}
