import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { noteClaimReader } from '../requirements/access-metadata.js';
import { malformedClaim } from '../requirements/find-unmet-requirement.js';
import {
  detailsOfType,
  readAuthorizationDetails,
  type AuthorizationDetail,
} from '../requirements/read-authorization-details.js';
import { toHttpException } from '../transports/http-exceptions.js';
import { decisionOfHandler } from './token-of-handler.js';

const CLAIM = 'authorization_details';

/**
 * What the token grants in detail of a type (RFC 9396): the elements of `authorization_details` of that type which are not for
 * other `locations` than the resource of the route; an empty list without any. A token whose claim is malformed is rejected with
 * 401 `claim_invalid`.
 *
 * @throws {IdentityError} `guard_missing`, if no IdentityAuthGuard ran.
 * @example
 * `@Post('pay') pay(@AuthorizationDetails('payment') granted: AuthorizationDetail[]) { … }`
 */
export const AuthorizationDetails: ReturnType<typeof createParamDecorator<string>> =
  createParamDecorator<string>(
    (type, context: ExecutionContext): readonly AuthorizationDetail[] => {
      const decision = decisionOfHandler(context, 'AuthorizationDetails');
      if (decision?.validated === undefined) return [];
      const details = readAuthorizationDetails(decision.validated.claims);
      // The guard has seen to it, unless a decorator above has replaced the method.
      if (details === null) throw toHttpException(malformedClaim(CLAIM));
      return detailsOfType(details, type, decision.resource);
    },
    [noteClaimReader({ claim: CLAIM, isMalformed: (claims) => readAuthorizationDetails(claims) === null })],
  );
