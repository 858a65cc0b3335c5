import { clipped } from '../model/printable.js';
import type { IdentityEvent } from './identity-event.js';

/** As long as a key id may be (`MAX_KID_LENGTH` of tokens). */
const MAX_KID_LENGTH = 512;
const MAX_REASON_LENGTH = 1_000;

/**
 * The same event with what a provider wrote made printable and bounded: subscribers log it and show it to people. A key
 * id that is longer through its escapes is cut.
 */
export function printableEvent(event: IdentityEvent): IdentityEvent {
  switch (event.type) {
    case 'jwks.rotated':
      return { ...event, added: event.added.map(printableKid), removed: event.removed.map(printableKid) };
    case 'jwks.key-skipped':
      return { ...event, kid: optionalKid(event.kid), reason: clipped(event.reason, MAX_REASON_LENGTH) };
    case 'jwks.candidates-cut':
      return { ...event, kid: optionalKid(event.kid) };
    case 'discovery.failed':
    case 'jwks.failed':
      return { ...event, reason: clipped(event.reason, MAX_REASON_LENGTH) };
    case 'discovery.refreshed':
    case 'jwks.refreshed':
    case 'issuers.failed':
    case 'store.failed':
    case 'store.recovered':
    case 'replays.full':
    case 'token.validated':
    case 'token.rejected':
    case 'request.rejected':
    case 'access.denied':
    case 'access.would-deny':
    case 'user.refused':
    case 'user.failed':
      return event;
  }
}

function printableKid(kid: string): string {
  return clipped(kid, MAX_KID_LENGTH);
}

function optionalKid(kid: string | undefined): string | undefined {
  return kid === undefined ? undefined : printableKid(kid);
}
