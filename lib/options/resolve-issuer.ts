import { IdentityError } from '../errors/identity-error.js';
import type { JsonObject } from '../model/json.js';
import {
  ISSUER_OPTIONS,
  ONE_ISSUER_OPTIONS,
  type IssuerValues,
  type SharedIssuerValues,
} from './issuer-options.js';
import { ISSUER_RULES } from './issuer-rules.js';
import type { SeveralIssuersValues } from './module-options.js';
import { issuerIsAsked, profileFitsTokenTypes } from './module-rules.js';
import { issuesBelow, throwIfAny, type OptionIssue } from './option-issues.js';
import { bindCredentials } from './resolve-http.js';
import type { ResolvedIssuer, ResolvedOptions, TenantSource } from './resolved-options.js';
import { defaultsOf, isGivenIn, readGroup, readRows, type Group, type Reading } from './schema.js';

const ISSUER_GROUP: Group<IssuerValues> = { rows: ISSUER_OPTIONS, rules: ISSUER_RULES };
const NO_ISSUER = defaultsOf(ISSUER_OPTIONS);

/** The issuer of an application that has one, whose options stand at the top. */
export function resolveOnlyIssuer(
  source: JsonObject,
  shared: SharedIssuerValues,
): Reading<readonly ResolvedIssuer[]> {
  const { value: own, issues } = readRows(ONE_ISSUER_OPTIONS, source, defaultsOf(ONE_ISSUER_OPTIONS));
  const values: IssuerValues = { ...NO_ISSUER, ...shared, ...own };
  const contradictions = ISSUER_RULES.flatMap((rule) => rule(values, isGivenIn(source)));
  return { value: complete(values), issues: [...issues, ...contradictions] };
}

/** All of each member is read in any case: one start shows all that is wrong. */
export function resolveIssuerList(
  members: readonly unknown[],
  shared: SharedIssuerValues,
): Reading<readonly ResolvedIssuer[]> {
  const resolved = new Map<string, ResolvedIssuer>();
  const issues: OptionIssue[] = [];
  for (const [index, member] of members.entries()) {
    const path = `issuers[${String(index)}]`;
    const reading = readMember(member, shared);
    issues.push(...issuesBelow(path, reading.issues));
    for (const issuer of complete(reading.value)) {
      if (resolved.has(issuer.issuer)) {
        issues.push({ path: `${path}.issuer`, message: 'is in the list twice' });
      }
      resolved.set(issuer.issuer, issuer);
    }
  }
  return { value: Object.freeze([...resolved.values()]), issues };
}

/** What the module demands of issuers that are not known at start. */
interface TenantRules {
  readonly tokenTypes: ResolvedOptions['tokenTypes'];
  readonly judge: (issuer: ResolvedIssuer) => readonly OptionIssue[];
}

/** The function form of `issuers`, whose answers are read as the members of the list are; undefined for a list. */
export function tenantSource(
  { issuers: ask, allowedIssuers: isAllowed }: SeveralIssuersValues,
  shared: SharedIssuerValues,
  rules: TenantRules,
): TenantSource | undefined {
  if (typeof ask !== 'function' || isAllowed === undefined) return undefined;
  return Object.freeze({
    ask,
    isAllowed,
    resolve: (answer: unknown, name: string) => resolveTenant(answer, name, shared, rules),
    deadlineMs: shared.http.deadlineMs,
  });
}

/**
 * Read as strictly as a member of a list: an answer of the application at run time is configuration. It throws instead of
 * collecting, because one tenant is asked for at a time. @throws {IdentityError} `options_invalid`.
 */
function resolveTenant(
  answer: unknown,
  name: string,
  shared: SharedIssuerValues,
  { tokenTypes, judge }: TenantRules,
): ResolvedIssuer {
  const { value, issues } = readMember(answer, shared);
  const [resolved] = complete(value);
  throwIfAny(
    issuesBelow('issuers()', [
      ...issues,
      ...issuerIsAsked(resolved?.issuer ?? name, name),
      ...(resolved === undefined
        ? []
        : [...profileFitsTokenTypes([resolved], tokenTypes), ...judge(resolved)]),
    ]),
  );
  if (resolved === undefined) throw new IdentityError('options_invalid');
  return resolved;
}

/** What a member leaves out holds as it stands at the top; what that leaves out, as the tables say. */
function readMember(member: unknown, shared: SharedIssuerValues): Reading<IssuerValues> {
  return readGroup(ISSUER_GROUP, member ?? null, { ...NO_ISSUER, ...shared });
}

/** What follows from the options of one issuer together; none without a name, which is an issue already. */
function complete(values: IssuerValues): readonly ResolvedIssuer[] {
  const { issuer, audience = null, metadataIssuer = issuer } = values;
  if (issuer === undefined || metadataIssuer === undefined) return [];
  const http = bindCredentials(values.http, [issuer, values.discoveryUrl, values.jwksUri]);
  return Object.freeze([Object.freeze({ ...values, issuer, audience, metadataIssuer, http })]);
}
