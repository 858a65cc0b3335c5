/** An object with a `then` of its own, as libraries with promises of their own hand out. */
export function thenable(then: unknown): object {
  const object = {};
  Reflect.defineProperty(object, NAME, { value: then });
  return object;
}

/** The same, with a `then` that runs code when it is read. */
export function withThenGetter(read: () => unknown): object {
  const object = {};
  Reflect.defineProperty(object, NAME, { get: read });
  return object;
}

// oxlint-disable-next-line unicorn/no-thenable -- hostile and foreign thenables are what is tested
const NAME = 'then';
