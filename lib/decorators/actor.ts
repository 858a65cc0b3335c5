import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { noteClaimReader } from '../requirements/access-metadata.js';
import { malformedClaim } from '../requirements/find-unmet-requirement.js';
import { readActor, type Actor as ActorClaim } from '../requirements/read-actor.js';
import { toHttpException } from '../transports/http-exceptions.js';
import { tokenOfHandler } from './token-of-handler.js';

const CLAIM = 'act';

/** Who acts for the subject of a token. */
export type Actor = ActorClaim;

/**
 * Who acts for the subject of the token (RFC 8693 section 4.1 `act`); undefined if the subject acts for itself, and on a public or
 * optional route without a token. A token whose `act` is malformed is rejected with 401 `claim_invalid`.
 *
 * @throws {IdentityError} `guard_missing`, if no IdentityAuthGuard ran.
 * @example
 * `@Post('refund') refund(@Claims('sub') customer: string, @Actor() agent?: Actor) { … }`
 */
export const Actor: ReturnType<typeof createParamDecorator<undefined>> = createParamDecorator<undefined>(
  (_, context: ExecutionContext): ActorClaim | undefined => {
    const claims = tokenOfHandler(context, 'Actor')?.claims;
    const actor = claims === undefined ? undefined : readActor(claims);
    // The guard has seen to it, unless a decorator above has replaced the method.
    if (actor === null) throw toHttpException(malformedClaim(CLAIM));
    return actor;
  },
  [noteClaimReader({ claim: CLAIM, isMalformed: (claims) => readActor(claims) === null })],
);
