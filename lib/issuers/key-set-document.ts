import type { Loaded } from '../cache/value-source.js';
import type { ProviderMetadata } from '../discovery/check-metadata.js';
import type { CachedDocument } from '../http/document.js';
import type { FetchOptions } from '../http/http-client.js';
import { fetchKeySet, keysOf } from '../jwks/fetch-key-set.js';
import type { KeySet } from '../jwks/key-set.js';
import { loadKeySet } from '../jwks/load-key-set.js';
import { rotationOf } from '../jwks/rotation.js';
import { IssuerDocument, type DocumentOwner } from './issuer-document.js';

interface KeySetOwner extends DocumentOwner {
  /** Names the URL of the keys if the configuration does not. */
  readonly metadata: { get(): Promise<ProviderMetadata> };
  /** Another set is in the place of the one before. */
  onKeySetChanged(): void;
}

/** The key set of one issuer (RFC 7517), from the configuration or from its provider. */
export class KeySetDocument extends IssuerDocument<KeySet, KeySetOwner> {
  constructor(owner: KeySetOwner) {
    super(owner, 'jwks');
  }

  protected async fetch(
    options: FetchOptions,
    previous: KeySet | undefined,
  ): Promise<Loaded<CachedDocument<KeySet>>> {
    const { options: issuer, runtime } = this.owner;
    if (issuer.jwks !== undefined) {
      const value = await loadKeySet(keysOf(issuer.jwks, 'the static "jwks"'), issuer, runtime);
      return { value: { value, source: undefined }, ttlMs: Infinity };
    }
    const url = issuer.jwksUri ?? (await this.owner.metadata.get()).jwks_uri;
    const { keys, answer } = await fetchKeySet(runtime.clients.for(issuer.http), url, options);
    const value = keys === undefined ? previous : await loadKeySet(keys, issuer, runtime, previous);
    return this.accept(answer, value);
  }

  protected onValue(set: KeySet, previous: KeySet | undefined): void {
    if (set === previous) return;
    this.owner.onKeySetChanged();
    const rotation = previous && rotationOf(previous, set);
    if (rotation === undefined) return;
    const { options, runtime } = this.owner;
    runtime.reporter.report({ type: 'jwks.rotated', issuer: options.issuer, ...rotation });
  }
}
