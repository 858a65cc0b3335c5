import type { JsonObject } from '../model/json.js';
import { listOf, quoted } from '../model/printable.js';
import { compareIdentifiers } from './compare-identifiers.js';
import type { Finding } from './finding.js';
import { mismatch } from './mismatch-finding.js';

/** `resource` against the URL that clients use. */
export function examineIdentifier(document: JsonObject, url: string): readonly Finding[] {
  const { resource } = document;
  if (typeof resource !== 'string' || resource === '') {
    return [mismatch('resource_missing', 'the document has no "resource"')];
  }
  const differences = compareIdentifiers(url, resource);
  const text = `"resource" is ${quoted(resource)}`;
  if (differences.length === 0) return [{ about: 'resource', verdict: 'ok', text: `${text}, as asked for` }];
  return differences.map((name) => mismatch(name, `${text}, asked for was ${quoted(url)}`));
}

/** RFC 6749 section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** OpenID Connect Core 1.0 sections 3.1.2.1, 5.4 and 11: they are about the login, not about an API. */
export const LOGIN_SCOPES: readonly string[] = [
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  'offline_access',
];
/** More are not looked at. */
const MOST_SCOPES = 1_000;

/** `scopes_supported`, as far as it can be judged without a provider. */
export function readScopes(document: JsonObject): {
  readonly scopes: readonly string[];
  readonly findings: readonly Finding[];
} {
  const { scopes_supported: given } = document;
  if (given === undefined) return { scopes: [], findings: [] };
  const listed: readonly unknown[] = Array.isArray(given) ? given.slice(0, MOST_SCOPES) : [];
  const scopes = listed.filter((scope) => typeof scope === 'string' && SCOPE.test(scope)) as string[];
  const findings: Finding[] = [];
  if (!Array.isArray(given) || scopes.length < listed.length || listed.length === 0) {
    const [wrong] = listed.filter((scope) => typeof scope === 'string' && !SCOPE.test(scope)) as string[];
    const what =
      wrong === undefined ? 'is not a list of scopes' : `has ${quoted(wrong)}, which is not a scope`;
    findings.push(mismatch('scopes_malformed', `"scopes_supported" ${what}`));
  }
  const login = scopes.filter((scope) => LOGIN_SCOPES.includes(scope));
  if (login.length > 0) {
    findings.push(mismatch('scopes_login', `"scopes_supported" has ${listOf(login)}`));
  }
  return { scopes: scopes.filter((scope) => !LOGIN_SCOPES.includes(scope)), findings };
}
