// A stock strategy of passport-jwt with jwks-rsa's provider of keys, and the same strategy with ours: what step 1
// of docs/migration/passport-jwt.md gains. Usage: npm run build && node bench/migration.mjs
import { ExtractJwt, Strategy } from 'passport-jwt';
import { passportJwtSecret } from 'jwks-rsa';
import { JwksService } from '../dist/index.js';
import { startModule } from './validation/contenders.mjs';
import { floor } from './validation/floor.mjs';
import { compare } from './support/compare.mjs';
import { AUDIENCE, createIssuer } from './support/tokens.mjs';

/** @typedef {import('passport-jwt').SecretOrKeyProvider} Provider */

const ROUNDS = 30;
const TOKENS = 200;

/**
 * @param {string} name
 * @param {Provider} secretOrKeyProvider
 * @param {import('./support/tokens.mjs').Issuer} issuer
 * @returns {import('./validation/contenders.mjs').Contender}
 */
function stock(name, secretOrKeyProvider, { algorithm, issuer }) {
  const strategy = new Strategy(
    /** @type {import('passport-jwt').StrategyOptionsWithoutRequest} */ ({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider,
      issuer,
      audience: AUDIENCE,
      algorithms: [algorithm],
    }),
    (/** @type {object} */ payload, /** @type {(error: null, user: object) => void} */ done) =>
      done(null, payload),
  );
  return {
    name,
    one: (token) =>
      new Promise((resolve, reject) => {
        const actions = { success: resolve, fail: reject, error: reject };
        const pass = Object.assign(/** @type {Strategy} */ (Object.create(strategy)), actions);
        const request = /** @type {unknown} */ ({ headers: { authorization: `Bearer ${token}` } });
        pass.authenticate(/** @type {Parameters<Strategy['authenticate']>[0]} */ (request), {});
      }),
  };
}

for (const algorithm of /** @type {const} */ (['RS256', 'ES256'])) {
  const issuer = await createIssuer(algorithm);
  const { app } = await startModule(issuer);
  const tokens = Array.from({ length: TOKENS }, (_, index) => issuer.token(index));
  const before = passportJwtSecret({ cache: true, rateLimit: true, jwksUri: `${issuer.issuer}/jwks` });
  const rows = await compare(
    [
      floor(issuer, tokens),
      stock('passport-jwt + jwks-rsa', before, issuer),
      stock('passport-jwt + secretOrKeyProvider()', app.get(JwksService).secretOrKeyProvider(), issuer),
    ],
    tokens,
    { rounds: ROUNDS },
  );
  const [, theirs, ours] = rows;
  for (const { name, us, ratio } of rows) {
    console.log(
      `${algorithm}  ${name.padEnd(40)} ${us.median.toFixed(1).padStart(8)} µs  ${ratio.median.toFixed(2)} × floor`,
    );
  }
  console.log(
    `${algorithm}  ${((theirs?.us.median ?? NaN) / (ours?.us.median ?? NaN)).toFixed(1)} times faster`,
  );
  await app.close();
  issuer.server.close();
}
