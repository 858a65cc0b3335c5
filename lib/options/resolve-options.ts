import { isJsonObject, type JsonObject } from '../model/json.js';
import { applyProfile, type AppliedProfile } from './fapi2-profile.js';
import { SHARED_ISSUER_OPTIONS, type SharedIssuerValues } from './issuer-options.js';
import { COMMON_OPTIONS, MODULE_HINTS, MODULE_OPTIONS, SEVERAL_ISSUERS_OPTIONS } from './module-options.js';
import {
  cacheHoldsAllIssuers,
  profileFitsTokenTypes,
  resourcesAreReachable,
  SENDER_RULES,
  SEVERAL_ISSUERS_RULES,
} from './module-rules.js';
import { issuesBelow, throwIfAny, type OptionIssue } from './option-issues.js';
import { findRuntimeIssues, readHttpEnvironment, type HttpEnvironment } from './read-environment.js';
import { defaultHttp } from './resolve-http.js';
import type { ResolvedResource } from './resource-options.js';
import { audienceOfAll, resolveResources } from './resolve-resources.js';
import { resolveIssuerList, resolveOnlyIssuer, tenantSource } from './resolve-issuer.js';
import type { ResolvedIssuer, ResolvedOptions } from './resolved-options.js';
import { defaultsOf, findUnknownNames, isGivenIn, readRows, type Reading } from './schema.js';

/**
 * Checks, completes and freezes the options of the module.
 *
 * @param raw - what the application gave; not trusted to fit its type.
 * @param environment - read for proxies, certificate authorities and time limits only.
 * @throws {IdentityError} `options_invalid`, with every issue and what to do about it.
 */
export function resolveOptions(raw: unknown, environment: NodeJS.ProcessEnv = process.env): ResolvedOptions {
  const given = raw ?? {};
  const { source, ...profile } = applyProfile(given);
  const surroundings = readHttpEnvironment(environment, source['http']);
  const common = readRows(COMMON_OPTIONS, source, defaultsOf(COMMON_OPTIONS));
  const top = readShared(source, surroundings.value);
  const resources = resolveResources(source, {
    publicUrl: common.value.publicUrl,
    audience: top.value.audience,
    issuers: namedIssuers(source),
  });
  const shared = { ...top, value: withAudienceOf(resources.value, top.value, isGivenIn(source)) };
  const several = readRows(SEVERAL_ISSUERS_OPTIONS, source, defaultsOf(SEVERAL_ISSUERS_OPTIONS));
  const issuers = resolveIssuers(source, shared.value, several.value.issuers);
  const values = common.value;
  throwIfAny([
    ...findUnknownNames(Object.keys(MODULE_OPTIONS), given, MODULE_HINTS),
    ...findRuntimeIssues(process.versions),
    ...surroundings.issues,
    ...shared.issues,
    ...resources.issues,
    ...several.issues,
    ...SEVERAL_ISSUERS_RULES.flatMap((rule) => rule(several.value, isGivenIn(source))),
    ...issuers.issues,
    ...common.issues,
    ...profileFitsTokenTypes([...issuers.value, shared.value], values.tokenTypes),
    ...cacheHoldsAllIssuers(issuers.value, values.cache),
    ...resourcesAreReachable(issuers.value, resources.value),
    ...SENDER_RULES.flatMap((rule) => rule(values, isGivenIn(source))),
    ...profile.judgeModule(values),
    ...judgeIssuers(profile, shared.value, issuers.value),
  ]);
  return Object.freeze({
    ...values,
    issuers: issuers.value,
    resources: resources.value,
    tenants: tenantSource(several.value, shared.value, {
      tokenTypes: values.tokenTypes,
      judge: profile.judgeIssuer,
    }),
    warnings: Object.freeze(surroundings.warnings),
    decided: Object.freeze(profile.describe(values)),
  });
}

/** The top, and what issuers say instead of it. */
function judgeIssuers(
  { judgeIssuer }: Pick<AppliedProfile, 'judgeIssuer'>,
  top: SharedIssuerValues,
  issuers: readonly ResolvedIssuer[],
): readonly OptionIssue[] {
  const ofTop = judgeIssuer(top);
  const paths = ofTop.map(({ path }) => path);
  const ofIssuers = issuers.flatMap((issuer, index) =>
    issuesBelow(
      `issuers[${String(index)}]`,
      judgeIssuer(issuer).filter(({ path }) => !paths.includes(path)),
    ),
  );
  return [...ofTop, ...ofIssuers];
}

/** As far as the configuration says: tenants are known when they come. */
function namedIssuers(source: JsonObject): readonly string[] {
  const { issuer, issuers } = source;
  const members: readonly unknown[] = Array.isArray(issuers) ? issuers : [{ issuer }];
  const names = members.map((member) => (isJsonObject(member) ? member['issuer'] : undefined));
  return Object.freeze(names.filter((name) => typeof name === 'string'));
}

/** A token must be for one of the resources, if the top says nothing else; for none, if what they say is wrong. */
function withAudienceOf(
  resources: readonly ResolvedResource[],
  values: SharedIssuerValues,
  isGiven: (name: string) => boolean,
): SharedIssuerValues {
  if (values.audience !== undefined || !(isGiven('resource') || isGiven('resources'))) return values;
  const audience = audienceOfAll(resources);
  return { ...values, audience: audience === undefined ? NOBODY : audience };
}

const NOBODY: readonly string[] = Object.freeze([]);

/** What the top says for all issuers. */
function readShared(source: JsonObject, environment: HttpEnvironment): Reading<SharedIssuerValues> {
  const namesIssuersAtStart = typeof source['issuers'] !== 'function';
  return readRows(SHARED_ISSUER_OPTIONS, source, {
    ...defaultsOf(SHARED_ISSUER_OPTIONS),
    http: defaultHttp(environment, namesIssuersAtStart),
  });
}

/** The issuers that are known at start. */
function resolveIssuers(
  source: JsonObject,
  shared: SharedIssuerValues,
  several: (typeof SEVERAL_ISSUERS_OPTIONS)['issuers']['default'],
): Reading<readonly ResolvedIssuer[]> {
  if (!isGivenIn(source)('issuers')) return resolveOnlyIssuer(source, shared);
  if (several === undefined || typeof several === 'function') return { value: Object.freeze([]), issues: [] };
  return resolveIssuerList(several, shared);
}
