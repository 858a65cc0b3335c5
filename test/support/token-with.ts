import type { ValidatedToken } from '../../lib/model/token.js';

/** A token that passed every check, with these claims. */
export const tokenWith = (claims: object, issuer = 'https://id.example.com'): ValidatedToken => ({
  claims: { iss: issuer, exp: 1, ...claims },
  header: { alg: 'RS256' },
  issuer,
  token: 'a.b.c',
});
