import type { JsonObject } from './json.js';

/** More than any API has, and few enough to be followed at start. */
const MOST_SCOPES = 1_000;
/** RFC 6749 section 3.3 scope-token. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** What one scope includes, with all that follows from it. */
interface Included {
  readonly scopes: ReadonlySet<string>;
  /** Beginnings: those of `notes:*` are all that begin with `notes:`. */
  readonly beginnings: readonly string[];
}

/**
 * Which scopes include others. What follows from a scope is worked out once; a look-up compares a scope exactly or by its
 * beginning, and follows nothing.
 */
export class ScopeHierarchy {
  static readonly NONE = new ScopeHierarchy(new Map());

  // Private to the language, too: options are looked through for what could be changed.
  readonly #included: ReadonlyMap<string, Included>;

  private constructor(included: ReadonlyMap<string, Included>) {
    this.#included = included;
    Object.freeze(this);
  }

  /** @returns what is wrong with the configuration, if something is. */
  static of(given: JsonObject): ScopeHierarchy | readonly string[] {
    const direct = new Map<string, readonly string[]>();
    const issues: string[] = [];
    for (const [scope, names] of Object.entries(given)) {
      const issue = findIssue(scope, names);
      if (issue === undefined) direct.set(scope, names as readonly string[]);
      else issues.push(issue);
    }
    if (direct.size > MOST_SCOPES) issues.push(`has more than ${String(MOST_SCOPES)} scopes`);
    if (issues.length > 0) return issues;
    const cycle = findCycle(direct);
    if (cycle !== undefined) return [`goes round in a circle: ${cycle.join(' → ')}`];
    return new ScopeHierarchy(new Map([...direct.keys()].map((scope) => [scope, includedIn(scope, direct)])));
  }

  get isEmpty(): boolean {
    return this.#included.size === 0;
  }

  /** Whether somebody who was granted these scopes has a certain one. */
  grants(granted: ReadonlySet<string>, scope: string): boolean {
    if (granted.has(scope)) return true;
    if (this.isEmpty) return false;
    for (const each of granted) {
      const included = this.#included.get(each);
      if (included === undefined) continue;
      if (included.scopes.has(scope)) return true;
      if (included.beginnings.some((beginning) => scope.startsWith(beginning))) return true;
    }
    return false;
  }

  /** The granted scopes and all that they include by name. */
  expand(granted: ReadonlySet<string>): ReadonlySet<string> {
    const all = new Set(granted);
    for (const scope of granted) for (const each of this.#included.get(scope)?.scopes ?? []) all.add(each);
    return all;
  }
}

function findIssue(scope: string, names: unknown): string | undefined {
  if (!SCOPE.test(scope) || scope.includes('*')) {
    return `'${scope}' is no scope: a "*" is allowed at the end of what a scope includes only`;
  }
  if (!Array.isArray(names) || names.length === 0 || names.length > MOST_SCOPES) {
    return `'${scope}' must include a non-empty list of scopes`;
  }
  const isWrong = names.some((name) => typeof name !== 'string' || !SCOPE.test(name) || !isPattern(name));
  return isWrong
    ? `'${scope}' includes what is no scope; a "*" is allowed at the end only, behind a beginning`
    : undefined;
}

function isPattern(name: string): boolean {
  const star = name.indexOf('*');
  return star === -1 || (star > 0 && star === name.length - 1);
}

/** The first circle of names; a beginning that fits its own scope is none. */
function findCycle(direct: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (scope: string): readonly string[] | undefined => {
    if (done.has(scope)) return undefined;
    const at = path.indexOf(scope);
    if (at !== -1) return [...path.slice(at), scope];
    path.push(scope);
    for (const name of direct.get(scope) ?? []) {
      const cycle = visit(name);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(scope);
    return undefined;
  };
  for (const scope of direct.keys()) {
    const cycle = visit(scope);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** All that follows from one scope: what its own scopes include, too, and those whose names fit a beginning. */
function includedIn(scope: string, direct: ReadonlyMap<string, readonly string[]>): Included {
  const scopes = new Set<string>();
  const beginnings = new Set<string>();
  const open = [scope];
  const seen = new Set(open);
  for (const each of open) {
    for (const name of direct.get(each) ?? []) {
      const beginning = name.endsWith('*') ? name.slice(0, -1) : undefined;
      if (beginning === undefined) scopes.add(name);
      else beginnings.add(beginning);
      const further =
        beginning === undefined ? [name] : [...direct.keys()].filter((key) => key.startsWith(beginning));
      for (const key of further) {
        if (seen.has(key)) continue;
        seen.add(key);
        open.push(key);
      }
    }
  }
  return { scopes, beginnings: [...beginnings] };
}
