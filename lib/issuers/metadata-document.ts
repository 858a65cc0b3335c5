import type { Loaded } from '../cache/value-source.js';
import { checkMetadata, type ProviderMetadata } from '../discovery/check-metadata.js';
import { wellKnownUrls } from '../discovery/well-known.js';
import { IdentityError } from '../errors/identity-error.js';
import type { CachedDocument, DocumentAnswer } from '../http/document.js';
import { saysNoSuchDocument } from '../http/failures.js';
import type { FetchOptions } from '../http/http-client.js';
import { IssuerDocument, type DocumentOwner } from './issuer-document.js';

interface MetadataOwner extends DocumentOwner {
  /** The metadata name another `jwks_uri` than before. */
  onKeySetMoved(): void;
}

/** The metadata of one issuer (OpenID Connect Discovery 1.0, RFC 8414). */
export class MetadataDocument extends IssuerDocument<ProviderMetadata, MetadataOwner> {
  /** Once the document was accepted from a URL it does not move: an outage there must not lead to another place. */
  private acceptedUrl: string | undefined;

  constructor(owner: MetadataOwner) {
    super(owner, 'discovery');
  }

  /** Takes over what a former document of the same place holds. */
  adopt(former: MetadataDocument): void {
    this.acceptedUrl = former.acceptedUrl;
    this.cached.adopt(former.cached);
  }

  protected async fetch(
    options: FetchOptions,
    previous: ProviderMetadata | undefined,
  ): Promise<Loaded<CachedDocument<ProviderMetadata>>> {
    const answer = await this.fetchFrom(options);
    const { url } = answer.source;
    const value = answer.json === undefined ? previous : this.check(url, answer.json.body);
    const accepted = this.accept(answer, value);
    this.acceptedUrl = url;
    return accepted;
  }

  protected onValue(value: ProviderMetadata, previous: ProviderMetadata | undefined): void {
    if (previous !== undefined && previous.jwks_uri !== value.jwks_uri) this.owner.onKeySetMoved();
  }

  private check(documentUrl: string, body: unknown): ProviderMetadata {
    const { metadataIssuer, http } = this.owner.options;
    return checkMetadata(body, {
      metadataIssuer,
      documentUrl,
      allowInsecureOrigins: http.allowInsecureOrigins,
    });
  }

  private async fetchFrom(options: FetchOptions): Promise<DocumentAnswer> {
    const { issuer, discoveryUrl, http } = this.owner.options;
    const client = this.owner.runtime.clients.for(http);
    const known = discoveryUrl ?? this.acceptedUrl;
    if (known !== undefined) return client.getJson(known, options);
    const [openid, oauth] = wellKnownUrls(issuer);
    try {
      return await client.getJson(openid, options);
    } catch (error) {
      // RFC 8414's place is for providers that have none of OpenID's: an outage must not lead there.
      if (!saysNoSuchDocument(error)) throw error;
      return client.getJson(oauth, options).catch((other: unknown) => {
        throw mergeErrors(error, other);
      });
    }
  }
}

/** Neither place has the document. The second answer decides, unless only the first was one that can be read. */
function mergeErrors(first: unknown, second: unknown): unknown {
  if (!(first instanceof IdentityError && second instanceof IdentityError)) return second;
  const code = saysNoSuchDocument(second) ? first.code : second.code;
  return new IdentityError(code, `${first.message}; ${second.message}`, {
    cause: second.cause,
    retryAfterMs: second.retryAfterMs,
  });
}
