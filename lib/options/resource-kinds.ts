import { isJsonObject } from '../model/json.js';
import { ScopeHierarchy } from '../model/scope-hierarchy.js';
import { option, refused, text } from './kinds.js';
import { expected } from './option-issues.js';
import { findUrlIssue } from './resolve-resources.js';
import type { ResourceOptions } from './resource-options.js';
import type { Option } from './schema.js';

/** Members are read by `resolveResources`, which knows the issuers as well. */
export function resource(): Option<ResourceOptions, unknown> {
  return option<ResourceOptions, unknown>(undefined, (given) => ({ value: given }));
}

/** Members are read by `resolveResources`. */
export function resources(): Option<readonly ResourceOptions[], unknown> {
  return option<readonly ResourceOptions[], unknown>(undefined, (given) => ({ value: given }));
}

export function publicUrl(): Option<string, string | undefined> {
  return text(undefined, (given) => {
    const issue = findUrlIssue(given);
    if (issue !== undefined) return issue;
    const { search, pathname } = new URL(given);
    if (search !== '') return expected('a URL without query', given);
    // Proxies and frameworks make one slash of several, or do not: the URL in a proof would have as many as nobody knows.
    return pathname.includes('//') ? expected('a path without "//"', given) : undefined;
  });
}

type GivenHierarchy = Readonly<Record<string, readonly string[]>>;

/** No regular expressions: what is configured is compared exactly, or by its beginning. */
export function scopeImplies(): Option<GivenHierarchy, ScopeHierarchy> {
  return option<GivenHierarchy, ScopeHierarchy>(ScopeHierarchy.NONE, (given) => {
    if (!isJsonObject(given)) return refused(expected('an object of lists of scopes', given));
    const read = ScopeHierarchy.of(given);
    return read instanceof ScopeHierarchy
      ? { value: read }
      : { issues: read.map((message) => ({ message })) };
  });
}
