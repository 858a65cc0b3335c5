import type { IdentityError } from '../errors/identity-error.js';
import { KeyRing } from '../jwks/key-ring.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';
import { configuredRules, type ValidationRules } from '../validation/validation-rules.js';
import type { DocumentOwner, IssuerRuntime } from './issuer-document.js';
import { KeySetDocument } from './key-set-document.js';
import { MetadataDocument } from './metadata-document.js';
import { hasSameKeySource } from './same-options.js';

/**
 * One issuer at run time. It owns everything that depends on it: its options, the metadata and the keys of its provider,
 * and what limits the requests that tokens bring about. A tenant whose options change gets another object.
 */
export class Issuer implements DocumentOwner {
  readonly keySet: KeySetDocument;
  /** What tokens ask of the keys. */
  readonly keys: KeyRing;
  /** What the configuration demands of its tokens. */
  readonly rules: ValidationRules;
  /** Made when it is first asked for: an issuer whose keys are configured needs none. */
  private discovered: MetadataDocument | undefined;

  /** @param onKept - a document was fetched, so that the issuer is worth its place; undefined for configured issuers. */
  constructor(
    readonly options: ResolvedIssuer,
    readonly runtime: IssuerRuntime,
    private readonly onKept?: () => void,
  ) {
    this.rules = configuredRules(options, runtime.options);
    this.keySet = new KeySetDocument(this);
    this.keys = new KeyRing(options, this.keySet.cached, runtime.keyRules);
  }

  get name(): string {
    return this.options.issuer;
  }

  get isConfigured(): boolean {
    return this.onKept === undefined;
  }

  get metadata(): MetadataDocument {
    return (this.discovered ??= new MetadataDocument(this));
  }

  /** The metadata if they were ever asked for. */
  get knownMetadata(): MetadataDocument | undefined {
    return this.discovered;
  }

  onFetched(): void {
    this.onKept?.();
  }

  onKeySetMoved(): void {
    if (this.keySet.peek() !== undefined) this.keySet.refresh().catch(() => undefined);
  }

  onKeySetChanged(): void {
    this.keys.setChanged();
  }

  /** Takes over what the former object of a tenant knows, if both take the keys from the same place. */
  succeed(former: Issuer): void {
    if (!hasSameKeySource(former.options, this.options)) return;
    this.keySet.cached.adopt(former.keySet.cached);
    if (former.discovered !== undefined) this.metadata.adopt(former.discovered);
  }

  /** Gives up its documents to make room, and keeps its backoffs and cooldowns. */
  evict(refetchAfterMs: number): void {
    this.keySet.cached.evict(refetchAfterMs);
    this.discovered?.cached.evict(refetchAfterMs);
  }

  /** Ends all fetches, timers and waits for good. @param why - what those who wait are told. */
  close(why: IdentityError): void {
    this.keys.close(why);
    this.keySet.cached.close();
    this.discovered?.cached.close();
  }
}
