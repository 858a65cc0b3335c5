import { recordDecision, type Decision } from '../transports/decisions.js';
import type { AuthAttempt } from './auth-attempt.js';
import type { Authenticated } from './auth-outcome.js';

/** A token that was accepted, and what became of the user that it stands for. */
export type Accepted = Pick<Authenticated, 'validated' | 'resource' | 'user' | 'credentials'> &
  Pick<Decision, 'isOwn' | 'leavesUser'>;

/**
 * Notes what a guard decided about an attempt. The decision belongs to this guard, this handler of this class, this call
 * and this token: see docs/decisions/0011-decisions-of-guards.md.
 */
export function recordAttempt(
  kind: Decision['kind'],
  { context, holder, transport }: AuthAttempt,
  { guard, by }: Pick<Decision, 'guard' | 'by'>,
  accepted?: Accepted,
): void {
  recordDecision(holder, {
    kind,
    guard,
    handler: context.getHandler(),
    controller: context.getClass(),
    call: transport.outlivesRequest(holder) ? undefined : context,
    by,
    validated: accepted?.validated,
    scheme: accepted?.credentials.scheme,
    certificate: accepted?.credentials.certificate,
    resource: accepted?.resource,
    user: accepted?.user,
    isOwn: accepted?.isOwn ?? true,
    leavesUser: accepted?.leavesUser ?? false,
    earlier: undefined,
  });
}
