import { quoted } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { atOnce } from '../options/at-once.js';
import {
  detailsOfType,
  readAuthorizationDetails,
  type AuthorizationDetail,
} from './read-authorization-details.js';
import { decoratorError } from './decorator-error.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { readArguments, type RequirementOptions } from './requirement-options.js';
import type { AuthorizedCall, Requirement, RightsSources } from './requirement.js';

/**
 * Decides whether one granted detail is enough for a call. Only `true` accepts; a promise and a throw are 503 `check_failed`,
 * because they say nothing about the token.
 *
 * @param detail - of the required type, and for the resource of the route.
 * @param context - the call, for its arguments.
 */
export type DetailPredicate = (detail: AuthorizationDetail, context: AuthorizedCall['context']) => boolean;

/**
 * Requires that the token was granted something of a type in detail (RFC 9396): one element of `authorization_details` of that
 * type, and not for other `locations` than the resource of the route, for which the function returns `true`. What two elements
 * grant is never put together. Otherwise 403 `details_not_met`; 401 `claim_invalid` for a claim that is no list of details.
 *
 * @param predicate - must answer at once; without one the type is enough. Behind it, or in its place, options:
 *   `{ mode: 'report' }` lets tokens without such a detail in, and reports it.
 * @throws {IdentityError} `options_invalid`, for no type.
 * @example
 * `@RequireAuthorizationDetails('payment', (detail) => Number(detail['limit']) >= 100)`
 */
export function RequireAuthorizationDetails(
  type: string,
  ...predicate:
    | readonly [DetailPredicate?]
    | readonly [RequirementOptions]
    | readonly [DetailPredicate | undefined, RequirementOptions]
): AccessDecorator {
  const { values, mode } = readArguments<DetailPredicate | undefined>(
    'RequireAuthorizationDetails',
    predicate,
  );
  const [accepts = () => true] = values;
  if (typeof type !== 'string' || type === '') {
    throw decoratorError('RequireAuthorizationDetails', 'expects the "type" of an authorization detail');
  }
  if (typeof accepts !== 'function' || values.length > 1) {
    throw decoratorError('RequireAuthorizationDetails', 'expects a function behind the type');
  }
  return requirementDecorator(
    'RequireAuthorizationDetails',
    new AuthorizationDetailsRequirement(type, accepts),
    mode,
  );
}

export class AuthorizationDetailsRequirement implements Requirement {
  readonly code = 'details_not_met';

  constructor(
    readonly type: string,
    readonly accepts: DetailPredicate,
  ) {}

  get demand(): string {
    return `No authorization detail of the type ${quoted(this.type)} in the token is what @RequireAuthorizationDetails of the route requires.`;
  }

  isMet({ claims }: ValidatedToken, _rights: RightsSources, { context, resource }: AuthorizedCall): boolean {
    const details = readAuthorizationDetails(claims);
    if (details === null) return false;
    return detailsOfType(details, this.type, resource).some(
      (detail) => atOnce(this.accepts(detail, context), '@RequireAuthorizationDetails') === true,
    );
  }

  malformedClaim({ claims }: ValidatedToken): string | undefined {
    return readAuthorizationDetails(claims) === null ? 'authorization_details' : undefined;
  }
}
