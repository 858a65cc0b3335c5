import { audience } from './issuer-kinds.js';
import { boolean, text, textList } from './kinds.js';
import type { GivenOf, Group, ValueOf } from './schema.js';

/** A protected resource, as clients and authorization servers know it (RFC 9728 section 2). */
export const RESOURCE_OPTIONS = {
  /** Its identifier: an https URL, or a path below `publicUrl`. Required. */
  url: text(undefined),
  /** `resource_name`: what people call it. @default none */
  name: text(undefined),
  /** `scopes_supported`: what clients may ask for, and what the challenge of a request without a token names. @default none */
  scopes: textList(undefined),
  /** `resource_documentation`: a page for developers, an https URL. @default none */
  documentation: text(undefined),
  /** How tokens for it name it in `aud`, if the provider has another name for it. @default the option `audience`, or the url */
  audience: audience(),
  /** `authorization_servers`: where clients get tokens. @default the configured issuers */
  authorizationServers: textList(undefined),
  /** Whether this application answers requests for the metadata; false if another server does, such as a gateway. @default true */
  serveMetadata: boolean(true),
};

export type ResourceValues = ValueOf<typeof RESOURCE_OPTIONS>;

export const RESOURCE_GROUP: Group<ResourceValues> = {
  rows: RESOURCE_OPTIONS,
  hints: {
    resource: 'unknown option; it is "url"',
    scopesSupported: 'unknown option; it is "scopes"',
  },
};

/**
 * A protected resource: what clients know this API, or a part of it, as (RFC 9728).
 *
 * @example
 * IdentityModule.forRoot({
 *   issuer: 'https://id.example.com',
 *   resource: { url: 'https://api.example.com/orders', name: 'Orders', scopes: ['orders:read', 'orders:write'] },
 * })
 */
export interface ResourceOptions extends GivenOf<typeof RESOURCE_OPTIONS> {
  /** Its identifier: an https URL, or a path below `publicUrl`. */
  readonly url: string;
}

/** A resource after resolution. */
export interface ResolvedResource {
  /** RFC 9728 section 1.2 resource identifier, exactly as clients compare it. */
  readonly url: string;
  /** What of it follows the host, or behind `publicUrl` if it was given as a path; `/` at least. */
  readonly path: string;
  readonly name: string | undefined;
  readonly scopes: readonly string[];
  readonly documentation: string | undefined;
  readonly authorizationServers: readonly string[];
  /** Accepted audiences; null accepts any. */
  readonly audience: readonly string[] | null;
  /** Where its metadata is found (RFC 9728 section 3.1). */
  readonly metadataUrl: string;
  readonly serveMetadata: boolean;
}
