import { IdentityError } from '../errors/identity-error.js';

/** @throws {IdentityError} `guard_missing`: an instance that "new" made has nothing injected. */
export function assertInjected(guard: object, injected: object | undefined): void {
  if (injected !== undefined) return;
  const { name } = guard.constructor;
  throw new IdentityError(
    'guard_missing',
    `${name} was made with "new", so Nest injected nothing into it: let Nest make it ` +
      `(@UseGuards(${name}), APP_GUARD), or take it from the application, app.get(${name})`,
  );
}
