import type { IdentityError } from '../errors/identity-error.js';
import { KeyRing } from '../jwks/key-ring.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';
import { configuredRules, type ValidationRules } from '../validation/validation-rules.js';
import type { DocumentKind, DocumentOwner, IssuerRuntime } from './issuer-document.js';
import { KeySetDocument } from './key-set-document.js';
import { MetadataDocument } from './metadata-document.js';
import { hasSameKeySource } from './same-options.js';

/** The tenant that an issuer belongs to, if it is not configured. */
export interface IssuerTenant {
  /** A token of it was verified. */
  readonly isProven: boolean;
  /** A document was fetched, so that the issuer is worth its place. */
  onFetched(): void;
}

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
  /** The permit for the last key set is for the metadata that name its URL, too. */
  private maySeekMetadata = false;
  /** Whether a fetch took a permit of all unproven tenants. */
  private tookPermit = false;

  /** @param tenant - undefined for configured issuers. */
  constructor(
    readonly options: ResolvedIssuer,
    readonly runtime: IssuerRuntime,
    private readonly tenant?: IssuerTenant,
  ) {
    this.rules = configuredRules(options, runtime.options);
    this.keySet = new KeySetDocument(this);
    this.keys = new KeyRing(options, this.keySet.cached, runtime.keyRules);
  }

  get name(): string {
    return this.options.issuer;
  }

  get isConfigured(): boolean {
    return this.tenant === undefined;
  }

  get metadata(): MetadataDocument {
    return (this.discovered ??= new MetadataDocument(this));
  }

  /** The metadata if they were ever asked for. */
  get knownMetadata(): MetadataDocument | undefined {
    return this.discovered;
  }

  admitFetch(kind: DocumentKind): IdentityError | undefined {
    if (this.tenant === undefined || this.tenant.isProven) return undefined;
    // Keys of the configuration are no request.
    if (kind === 'jwks' && this.options.jwks !== undefined) return undefined;
    const isPermitted = kind === 'discovery' && this.maySeekMetadata;
    this.maySeekMetadata = false;
    if (isPermitted) return undefined;
    const refusal = this.runtime.unprovenPace.take();
    if (refusal !== undefined) return refusal;
    this.maySeekMetadata = kind === 'jwks';
    this.tookPermit = true;
    return undefined;
  }

  /** The first token of the tenant was verified. */
  onProven(): void {
    if (this.tookPermit) this.runtime.unprovenPace.giveBack();
    this.tookPermit = false;
  }

  onFetched(): void {
    this.tenant?.onFetched();
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
