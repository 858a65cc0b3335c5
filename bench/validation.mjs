// What validating one token costs, as multiples of the signature check.
import { floor, ours, peers } from './contenders.mjs';
import { compare } from './measure.mjs';
import { createIssuer } from './tokens.mjs';

/** @param {{ quick: boolean }} options */
export async function benchValidation({ quick }) {
  const rounds = quick ? 5 : 11;
  const count = quick ? 200 : 1_000;
  /** @type {Record<string, { name: string, us: number, ratio: number }[]>} */
  const results = {};
  for (const algorithm of /** @type {const} */ (['RS256', 'PS256', 'ES256', 'EdDSA'])) {
    const issuer = await createIssuer(algorithm);
    const tokens = Array.from({ length: count }, (_, index) => issuer.token(index));
    const own = await ours(issuer);
    const others = await peers(issuer);
    const base = floor(issuer, tokens);
    results[`${algorithm} valid`] = await compare([base, ...own, ...others], tokens, {
      rounds,
      warmUp: quick ? 6 : 4,
    });

    if (algorithm === 'RS256') {
      const pastSec = Math.floor(Date.now() / 1000) - 3_600;
      const refusers = [
        base,
        ...own.slice(0, 1),
        ...others.filter(({ name }) => /fast-jwt, sync|jose/.test(name)),
      ];
      const make = (/** @type {(index: number) => string} */ one) =>
        Array.from({ length: 200 }, (_, index) => one(index));
      const flip = (/** @type {string} */ token) =>
        `${token.slice(0, -20)}${token.endsWith('A') ? 'BB' : 'AA'}${token.slice(-18)}`;
      const kinds = {
        expired: make((index) => issuer.token(index, { exp: pastSec })),
        'wrong audience': make((index) => issuer.token(index, { aud: 'other' })),
        'bad signature': make((index) => flip(issuer.token(index))),
        garbage: make((index) => `garbage ${index}`),
        'alg none': make(
          (index) =>
            `${Buffer.from('{"alg":"none"}').toString('base64url')}.${issuer.token(index).split('.')[1] ?? ''}.`,
        ),
        'unknown issuer': make((index) => issuer.token(index, { iss: 'https://evil.example' })),
      };
      for (const [kind, list] of Object.entries(kinds)) {
        results[`RS256 ${kind}`] = await compare(refusers, list, {
          rounds,
          refused: true,
          floorTokens: tokens.slice(0, 200),
        });
      }
    }
    for (const { close } of own) await close?.();
    issuer.server.close();
  }
  return results;
}
