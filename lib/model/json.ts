export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether an optional member says nothing: serializers that write every member of a type leave `null`, an empty
 * string or an empty list for those that were never set.
 */
export function isUnset(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

/** Freezes a parsed JSON object and all that is in it. It does not recurse: depth is the sender's choice. */
export function deepFreeze<T extends object>(root: T): T {
  const found: object[] = [root];
  for (let value = found.pop(); value !== undefined; value = found.pop()) {
    const members = value as Readonly<Record<string, unknown>>;
    for (const name in members) {
      const member = members[name];
      if (typeof member === 'object' && member !== null) found.push(member);
    }
    Object.freeze(value);
  }
  return root;
}

/** The value at a path of own members; undefined where a step is missing. */
export function readPath(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}
