const UNREADABLE = 'an error that cannot be read, because its members throw';

/**
 * What code of the application threw, or an error in its place if reading it throws: getters and proxies may. Its causes are
 * not looked at.
 */
export function readable(thrown: unknown): unknown {
  try {
    return thrown instanceof Error && !isPlain(thrown) ? new Error(UNREADABLE) : thrown;
  } catch {
    return new Error(UNREADABLE);
  }
}

/** Whether the members can be read, and have the types that every reader of an error takes for granted. */
function isPlain({ message, name, stack, constructor, cause: _ }: Error): boolean {
  return [message, name, stack ?? '', constructor.name].every((each) => typeof each === 'string');
}
