import { createHash } from 'node:crypto';
import type { PublicMembers } from './public-members.js';

/**
 * The JWK thumbprint (RFC 7638) with SHA-256: it names a public key by its value, whatever the provider calls it.
 *
 * @param members - exactly those that the key type requires (RFC 7638 section 3.2, RFC 8037 section 2, RFC 9964),
 *   in their canonical form.
 * @returns base64url, 43 characters.
 */
export function thumbprintOf(members: PublicMembers): string {
  // RFC 7638 section 3: no white space, and the names in the order of their code points. All of them are ASCII, so the
  // order of JavaScript's code units is the same one.
  const canonical = JSON.stringify(members, Object.keys(members).toSorted());
  return createHash('sha256').update(canonical).digest('base64url');
}
