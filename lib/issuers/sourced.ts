import type { DocumentSource } from '../http/document.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';

/** What a document of an issuer was made into. */
export interface Sourced<T> {
  readonly value: T;
  /** Where the document came from; undefined for configured keys. */
  readonly source: DocumentSource | undefined;
  /** The options of the issuer that it was fetched under. */
  readonly owner: ResolvedIssuer;
}
