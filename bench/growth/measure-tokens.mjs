// Time of a validation beside its signature, by the size of the token and by the number of claims.
import { createSigner } from '../support/tokens.mjs';
import { floor } from '../validation/floor.mjs';
import { measureCurve, timePass } from './curve.mjs';
import { claimsOf, startModule } from './start-module.mjs';

const SIZES = [300, 600, 1_000, 2_000, 4_000, 8_000];
const MEMBERS = [10, 30, 100, 300, 1_000];
const TOKENS = 300;
const ISSUER = 'urn:issuer:tokens';
const HEADER = { typ: 'at+jwt', kid: 'key' };

/** @typedef {import('./curve.mjs').Point} Point */

/** @param {{ rounds: number }} extent */
export async function measureTokens({ rounds }) {
  const bench = await start();
  const sizes = SIZES.flatMap((characters) =>
    bench.pointsOf(
      '',
      characters,
      listOf((at) => bench.sized(characters, at)),
    ),
  );
  const members = MEMBERS.flatMap((count) => {
    const many = listOf((at) => bench.withMembers(count, at));
    const [{ length } = ''] = many;
    return [
      ...bench.pointsOf('', count, many),
      ...bench.pointsOf(
        'one claim as long: ',
        count,
        listOf((at) => bench.sized(length, at)),
      ),
    ];
  });
  const y = 'microseconds';
  const size = await measureCurve(
    { title: 'One validation, ES256', x: 'characters of the token', y },
    sizes,
    rounds,
  );
  const claims = await measureCurve(
    { title: 'One validation, ES256', x: 'claims of the token', y },
    members,
    rounds,
  );
  await bench.close();
  return { size, claims };
}

const listOf = (/** @type {(at: number) => string} */ one) =>
  Array.from({ length: TOKENS }, (_, at) => one(at));

async function start() {
  const signer = createSigner('ES256');
  const issuers = [{ issuer: ISSUER, jwks: { keys: [signer.jwk('key')] } }];
  const plain = await startModule({ issuers, maxTokenBytes: 65_536 });
  const cached = await startModule({ issuers, maxTokenBytes: 65_536, tokenCache: {} });
  const sign = (/** @type {object} */ claims) => signer.sign(HEADER, claimsOf(ISSUER, claims));
  const shortest = sign({ jti: '0000', pad: '' }).length;
  return {
    /** @param {number} size @param {number} at */
    sized: (size, at) => {
      const pad = 'x'.repeat(Math.max(0, Math.floor(((size - shortest) * 3) / 4)));
      return sign({ jti: String(at).padStart(4, '0'), ...(size > shortest ? { pad } : {}) });
    },
    /** @param {number} count @param {number} at */
    withMembers: (count, at) => {
      /** @type {Record<string, string | number>} */
      const claims = { jti: String(at).padStart(4, '0') };
      const given = Object.keys(claimsOf(ISSUER, claims)).length;
      for (let index = given; index < count; index++) claims[`c${index}`] = index;
      return sign(claims);
    },
    /**
     * @param {string} prefix
     * @param {number} x
     * @param {readonly string[]} list
     * @returns {Point[]}
     */
    pointsOf: (prefix, x, list) => {
      const check = floor(signer, list).one;
      return [
        { series: `${prefix}crypto.verify`, x, run: () => timePass(check, list) },
        {
          series: `${prefix}validateSync`,
          x,
          run: () => timePass((token) => plain.tokens.validateSync(token), list),
        },
        {
          series: `${prefix}token-cache hit`,
          x,
          run: () => timePass((token) => cached.tokens.validateSync(token), list),
        },
      ];
    },
    close: async () => {
      await plain.close();
      await cached.close();
    },
  };
}
