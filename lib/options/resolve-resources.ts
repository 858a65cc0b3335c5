import { isLoopback, parseUrl } from '../model/url-policy.js';
import type { JsonObject } from '../model/json.js';
import { expected, issuesBelow, type OptionIssue } from './option-issues.js';
import { resourceMetadataUrl } from './resource-metadata-url.js';
import { RESOURCE_GROUP, type ResolvedResource, type ResourceValues } from './resource-options.js';
import { defaultsOf, readGroup, type Reading } from './schema.js';

/** What the module says besides the resources themselves. */
export interface ResourceSurroundings {
  readonly publicUrl: string | undefined;
  /** The option `audience` at the top; undefined if it is absent. */
  readonly audience: readonly string[] | null | undefined;
  /** Names of the configured issuers. */
  readonly issuers: readonly string[];
}

const NONE: readonly ResolvedResource[] = Object.freeze([]);

/** Reads `resource` or `resources`. The first one is that of all routes that name none. */
export function resolveResources(
  source: JsonObject,
  surroundings: ResourceSurroundings,
): Reading<readonly ResolvedResource[]> {
  const { resource, resources } = source;
  if (resource !== undefined && resources !== undefined) {
    return {
      value: NONE,
      issues: [{ path: 'resources', message: 'contradicts "resource"; name all in one list' }],
    };
  }
  if (resource === undefined && resources === undefined) return { value: NONE, issues: [] };
  if (resources !== undefined && (!Array.isArray(resources) || resources.length === 0)) {
    const message = expected('a non-empty list of resources', resources);
    return { value: NONE, issues: [{ path: 'resources', message }] };
  }
  const given: readonly unknown[] = resources === undefined ? [resource] : (resources as unknown[]);
  const read = given.map((each, index) => {
    const path = resources === undefined ? 'resource' : `resources[${String(index)}]`;
    const { value, issues } = resolveResource(each, surroundings, given.length === 1);
    return { value, issues: issuesBelow(path, issues) };
  });
  const value = read.flatMap((each) => each.value ?? []);
  return {
    value: Object.freeze(value),
    issues: [...read.flatMap(({ issues }) => issues), ...findCollisions(value)],
  };
}

/** What all of them accept together: a validation outside of any route cannot know which one is meant. */
export function audienceOfAll(resources: readonly ResolvedResource[]): readonly string[] | null | undefined {
  if (resources.length === 0) return undefined;
  if (resources.some(({ audience }) => audience === null)) return null;
  return Object.freeze([...new Set(resources.flatMap(({ audience }) => audience ?? []))]);
}

function resolveResource(
  given: unknown,
  surroundings: ResourceSurroundings,
  isOnly: boolean,
): { readonly value: ResolvedResource | undefined; readonly issues: readonly OptionIssue[] } {
  const { value, issues } = readGroup<ResourceValues>(RESOURCE_GROUP, given, defaultsOf(RESOURCE_GROUP.rows));
  const found = [...issues, ...findContentIssues(value)];
  if (value.url === undefined) {
    const isGiven = issues.some(({ path }) => path === 'url' || path === undefined);
    const missing = { path: 'url', message: 'is missing: the URL by which clients know the resource' };
    return { value: undefined, issues: isGiven ? found : [...found, missing] };
  }
  const { url, message } = toIdentifier(value.url, surroundings.publicUrl);
  if (url === undefined) return { value: undefined, issues: [...found, { path: 'url', message }] };
  return { value: complete(url, value, surroundings, isOnly), issues: found };
}

function complete(
  url: string,
  { url: given = url, name, documentation, serveMetadata, ...values }: ResourceValues,
  surroundings: ResourceSurroundings,
  isOnly: boolean,
): ResolvedResource {
  // With several, one audience for all would let a token for the one in at the other.
  const shared = isOnly ? surroundings.audience : undefined;
  const { pathname, search } = new URL(url);
  return Object.freeze({
    url,
    path: given.startsWith('/') ? given : pathname + search,
    name,
    documentation,
    serveMetadata,
    scopes: values.scopes ?? Object.freeze([]),
    authorizationServers: values.authorizationServers ?? surroundings.issuers,
    audience:
      values.audience ?? (values.audience === null ? null : (shared ?? (shared === null ? null : [url]))),
    metadataUrl: resourceMetadataUrl(url),
  });
}

/** RFC 9728 section 1.2: https, no fragment; plain http is for this machine only. */
function toIdentifier(
  given: string,
  publicUrl: string | undefined,
): { readonly url?: string; readonly message: string } {
  const isPath = given.startsWith('/') && !given.startsWith('//');
  if (isPath && publicUrl === undefined) {
    return { message: 'is a path, which needs "publicUrl": the URL by which clients reach this API' };
  }
  const url = isPath ? `${(publicUrl ?? '').replace(/\/$/, '')}${given === '/' ? '' : given}` : given;
  const message = findUrlIssue(url);
  if (message !== undefined) return { message };
  const base = publicUrl === undefined ? undefined : parseUrl(publicUrl);
  if (base !== undefined && base.origin !== parseUrl(url)?.origin) {
    return { message: `contradicts "publicUrl", which is on ${base.origin}` };
  }
  return { url, message: '' };
}

/** What is wrong with a URL by which clients know this API; undefined if nothing is. */
export function findUrlIssue(given: string): string | undefined {
  const what = 'an https URL without fragment, user and password (http only on loopback), as URL writes it';
  const url = parseUrl(given);
  if (url === undefined || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(given)) return expected(what, given);
  const isSecure = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
  if (!isSecure || url.hash !== '' || given.includes('#') || url.username !== '' || url.password !== '') {
    return expected(what, given);
  }
  // Clients compare it character by character: what `new URL` would write in another way, others may, too.
  return url.href === given || url.href === `${given}/` ? undefined : expected(`"${url.href}"`, given);
}

function findContentIssues({ scopes = [], documentation }: ResourceValues): readonly OptionIssue[] {
  const issues: OptionIssue[] = [];
  for (const scope of scopes) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) {
      issues.push({
        path: 'scopes',
        message: expected('scopes of printable ASCII without spaces and quotes', scope),
      });
    } else if (scope === 'offline_access' || scope === 'openid') {
      const message = `'${scope}' asks the provider for a token of another kind; it is no scope of a resource`;
      issues.push({ path: 'scopes', message });
    }
  }
  if (documentation !== undefined && parseUrl(documentation)?.protocol !== 'https:') {
    issues.push({ path: 'documentation', message: expected('an https URL', documentation) });
  }
  return issues;
}

/**
 * Two resources with one path would have one document, whatever their hosts: nothing of a request, `Host` included, decides
 * which of them is meant, and clients of the other would refuse it (RFC 9728 section 3.3).
 */
function findCollisions(resources: readonly ResolvedResource[]): readonly OptionIssue[] {
  const seen = new Map<string, string>();
  return resources.flatMap(({ url, metadataUrl, serveMetadata }) => {
    if (!serveMetadata) return [];
    const { pathname } = new URL(metadataUrl);
    const other = seen.get(pathname);
    seen.set(pathname, url);
    if (other === undefined) return [];
    const message = `'${url}' and '${other}' have their metadata at one path, ${pathname}; one of them needs another path, or serveMetadata: false`;
    return [{ path: 'resources', message }];
  });
}
