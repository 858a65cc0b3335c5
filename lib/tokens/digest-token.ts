import { hash } from 'node:crypto';

/** What a refused token is remembered by: never the token itself (SHA-256, base64url). */
export function digestToken(token: string): string {
  return hash('sha256', token, 'base64url');
}
