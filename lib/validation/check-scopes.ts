import { refuse } from '../errors/identity-error.js';
import { listOf } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { readScopes } from '../tokens/read-scopes.js';
import { toCheckError } from './run-hooks.js';
import type { ValidationRules } from './validation-rules.js';

/** @throws {IdentityError} `scope_missing`; `check_failed` if a function `scopeClaim` of the application breaks. */
export function checkScopes(
  { scopes, scopeClaim, scopeImplies }: Pick<ValidationRules, 'scopes' | 'scopeClaim' | 'scopeImplies'>,
  claims: ValidatedToken['claims'],
): void {
  if (scopes.length === 0) return;
  const granted = readGranted(claims, scopeClaim);
  if (scopes.every((scope) => scopeImplies.grants(granted, scope))) return;
  throw refuse(
    'scope_missing',
    `The token lacks one of the scopes that the call requires: ${listOf(scopes)}.`,
  );
}

/** `scopeClaim` may be a function of the application, and break like its other ones. */
function readGranted(...args: Parameters<typeof readScopes>): ReturnType<typeof readScopes> {
  try {
    return readScopes(...args);
  } catch (error) {
    throw toCheckError(error, '"scopeClaim"');
  }
}
