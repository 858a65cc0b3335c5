import { clipped } from '../model/printable.js';
import type { ResolvedJwks } from '../options/resolved-options.js';

/** Why a request is not answered now; each ends with what to look at. */
export interface WaitMessages {
  readonly noPlace: string;
  readonly tooLate: string;
  readonly notInTime: string;
  readonly backedOff: string;
}

/**
 * Made once for each issuer: a flood of made-up key ids must not cost the making of a text each. The time to the next
 * refresh is `retryAfterMs` of the error.
 */
export function waitMessages(
  issuer: string,
  { maxWaiting, unknownKidMaxWaitMs }: Pick<ResolvedJwks, 'maxWaiting' | 'unknownKidMaxWaitMs'>,
): WaitMessages {
  const keys = `the keys of ${nameOf(issuer)}`;
  const most = `"jwks.unknownKidMaxWaitMs" (${String(unknownKidMaxWaitMs)})`;
  return {
    noPlace: `As many requests wait for ${keys} as "jwks.maxWaiting" (${String(maxWaiting)}) allows.`,
    tooLate: `The next refresh of ${keys} ends later than ${most} allows to wait.`,
    notInTime: `The refresh of ${keys} has not ended within ${most}.`,
    backedOff: `A fetch of ${keys} failed; the next one is not due yet.`,
  };
}

/** A tenant's name came with a token, and a function of the application let it through. */
function nameOf(issuer: string): string {
  return clipped(issuer, 300);
}
