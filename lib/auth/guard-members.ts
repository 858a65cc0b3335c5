/** What subclasses override of AuthGuard: without that, passport would only repeat what we do. */
export interface GuardMembers {
  readonly handleRequest: unknown;
  readonly getRequest: unknown;
  readonly getResponse: unknown;
  readonly getAuthenticateOptions: unknown;
}

/** The members as a class declares them, to be compared later. */
export function guardMembersOf(prototype: object): GuardMembers {
  const { handleRequest, getRequest, getResponse, getAuthenticateOptions } = prototype as GuardMembers;
  return { handleRequest, getRequest, getResponse, getAuthenticateOptions };
}

/**
 * Whether a guard has these very members: compared by identity, so that an override on an instance counts. Each is written
 * out, because this runs for every request.
 */
export function hasGuardMembers(guard: object, declared: GuardMembers): boolean {
  const own = guard as GuardMembers;
  return (
    own.handleRequest === declared.handleRequest &&
    own.getRequest === declared.getRequest &&
    own.getResponse === declared.getResponse &&
    own.getAuthenticateOptions === declared.getAuthenticateOptions
  );
}

/** The strategy's entry as it stands on an object: an application may replace it on the instance. */
export function authenticateOf(strategy: object): unknown {
  return (strategy as { readonly authenticate?: unknown }).authenticate;
}
