import type { JsonObject } from '../model/json.js';
import { clipped, listOf, quoted } from '../model/printable.js';
import { LOGIN_SCOPES } from './examine-metadata-members.js';
import type { Finding } from './finding.js';
import { isEntra, knownProvider } from './known-providers.js';
import { mismatch } from './mismatch-finding.js';

/** What the document says of a resource. */
export interface ResourceFacts {
  /** The resource, as its document names it. */
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** What the metadata of an authorization server means for the clients of a resource. */
export function compareWithServer(
  issuer: string,
  metadata: JsonObject,
  context: ResourceFacts,
): readonly Finding[] {
  return [
    ...examinePkce(clipped(issuer, 200), metadata),
    ...examineScopes(issuer, metadata, context),
    examineAudience(issuer, metadata, context),
  ];
}

/** Of a server without an authorization endpoint, clients are no users with browsers. */
function examinePkce(issuer: string, metadata: JsonObject): readonly Finding[] {
  const { authorization_endpoint: endpoint, code_challenge_methods_supported: methods } = metadata;
  if (endpoint === undefined) return [];
  if (methods === undefined) {
    return [mismatch('pkce_unsaid', `${issuer} does not say code_challenge_methods_supported`)];
  }
  if (Array.isArray(methods) && methods.includes('S256')) {
    return [{ about: 'server', verdict: 'ok', text: `${issuer} has PKCE with S256` }];
  }
  return [mismatch('pkce_missing', `code_challenge_methods_supported of ${issuer} lacks "S256"`)];
}

function examineScopes(
  issuer: string,
  metadata: JsonObject,
  { resource, scopes }: ResourceFacts,
): readonly Finding[] {
  if (isEntra(issuer)) {
    const foreign = scopes.filter(
      (scope) => !scope.startsWith(resource.endsWith('/') ? resource : `${resource}/`),
    );
    if (foreign.length === 0) return [];
    return [
      mismatch(
        'scopes_other_resource',
        `of another resource than ${quoted(resource)} at Entra ID: ${listOf(foreign)}`,
      ),
    ];
  }
  const { scopes_supported: offered } = metadata;
  // Many list the scopes of OpenID Connect alone: that says nothing about those of APIs.
  if (!Array.isArray(offered) || offered.every((scope) => LOGIN_SCOPES.includes(String(scope)))) return [];
  const known = new Set<unknown>(offered);
  const unknown = scopes.filter((scope) => !known.has(scope));
  if (unknown.length === 0) {
    return scopes.length === 0
      ? []
      : [{ about: 'scopes', verdict: 'ok', text: `${clipped(issuer, 200)} knows ${listOf(scopes)}` }];
  }
  return [mismatch('scopes_unknown', `scopes_supported of ${clipped(issuer, 200)} lacks ${listOf(unknown)}`)];
}

/** RFC 9728 section 4 lets a server list its resources; nothing lets it say that it heeds "resource" (RFC 8707). */
function examineAudience(issuer: string, metadata: JsonObject, { resource }: ResourceFacts): Finding {
  const { protected_resources: listed } = metadata;
  const name = clipped(issuer, 200);
  if (Array.isArray(listed)) {
    if (listed.includes(resource)) {
      return { about: 'audience', verdict: 'ok', text: `${name} lists this resource` };
    }
    return mismatch('audience_unlisted', `protected_resources of ${name} lacks ${quoted(resource)}`);
  }
  const known = knownProvider(issuer);
  if (known !== undefined)
    return mismatch('audience_by_provider', `${name} is ${known.name}`, known.audience);
  return mismatch(
    'audience_unsaid',
    `whether ${name} issues tokens for ${quoted(resource)} cannot be seen from outside`,
    'its metadata cannot say whether it heeds "resource" (RFC 8707): get a token with this resource, and look at it with ' +
      tokenCommand(issuer, resource),
  );
}

/** What stands for itself in every shell, and is no option. */
const PLAIN_URL = /^https?:\/\/[\w.:/%-]{1,200}$/;

/** People paste it into their shell, and both names are the word of a stranger. */
function tokenCommand(issuer: string, resource: string): string {
  const isPlain = PLAIN_URL.test(issuer) && PLAIN_URL.test(resource);
  return isPlain
    ? `doctor ${issuer} --audience ${resource} --token-file FILE`
    : 'doctor ISSUER --audience RESOURCE --token-file FILE';
}
