// Prints, for claims of several shapes, what tokens in the cache take of the heap and what it estimates. Needs --expose-gc.
import { randomBytes } from 'node:crypto';
import { deepFreeze } from '../../dist/model/json.js';
import { TokenCache } from '../../dist/validation/token-cache.js';

const TOKENS = 1_500;
const text = (/** @type {number} */ length) => randomBytes(length).toString('base64url').slice(0, length);
/** @type {<T>(length: number, make: (index: number) => T) => T[]} */
const list = (length, make) => Array.from({ length }, (_, index) => make(index));
/** @type {(length: number, make: (index: number) => unknown, name?: (index: number) => string) => object} */
const object = (length, make, name = (index) => `claim${index}`) =>
  Object.fromEntries(list(length, (index) => [name(index), make(index)]));

/** @type {Record<string, () => object>} */
const SHAPES = {
  'the least': () => ({}),
  'a usual token': () => ({
    sub: text(36),
    aud: ['a', 'b'],
    jti: text(22),
    iat: 1_700_000_000,
    scope: 'openid orders:read orders:write',
    realm_access: { roles: ['user', 'admin', text(8)] },
  }),
  'short strings': () => object(20, () => text(8)),
  'long strings': () => object(10, () => text(400)),
  'strings beyond Latin-1': () => object(10, () => `ж${text(200)}`),
  'a list of strings': () => ({ groups: list(150, () => text(12)) }),
  'small numbers': () => ({ n: list(400, (index) => index) }),
  'boxed numbers': () => ({ n: list(300, () => Math.random()) }),
  'empty objects': () => ({ n: list(200, () => ({})) }),
  'small objects': () => ({ n: list(200, (index) => ({ a: index })) }),
  'objects with strings': () => ({ n: list(60, () => ({ id: text(10), name: text(10) })) }),
  'empty lists': () => ({ n: list(300, () => []) }),
  'small lists': () => ({ n: list(150, (index) => [index, index]) }),
  nested: () => list(50, () => 0).reduce((inner) => ({ a: inner }), /** @type {object} */ ({})),
  'ids for names': () =>
    object(
      25,
      () => 'admin',
      () => text(12),
    ),
  'many members': () => object(300, () => 1),
};

const clock = { wallMs: () => 0, monotonicMs: () => 0, random: () => 0, schedule: () => () => undefined };
const heap = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

/** @param {() => object} make */
function measure(make) {
  const makeToken = () => {
    const payload = JSON.stringify({ iss: 'https://id.example.com', exp: 2_000_000_000, ...make() });
    return Buffer.from(
      `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(payload).toString('base64url')}.${text(86)}`,
      'latin1',
    );
  };
  const header = Object.freeze({ alg: 'ES256' });
  const generation = {};
  const cache = new TokenCache({ maxEntries: 1_000_000, maxBytes: 2 ** 40 }, clock);
  const remember = (/** @type {Buffer} */ bytes) => {
    const token = bytes.toString('latin1');
    /** @type {unknown} */
    const parsed = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const claims = deepFreeze(/** @type {{ iss: string; exp: number }} */ (parsed));
    const validated = Object.freeze({ claims, header, issuer: claims.iss, token });
    cache.remember({ validated, type: null, generation });
  };
  // The first ones bring what all share.
  const warm = list(300, makeToken);
  const texts = list(TOKENS, makeToken);
  for (const each of warm) remember(each);
  const before = heap();
  const counted = cache.stats().bytes;
  for (const each of texts) remember(each);
  const taken = (heap() - before) / TOKENS;
  const estimated = (cache.stats().bytes - counted) / TOKENS;
  return {
    taken: Math.round(taken),
    estimated: Math.round(estimated),
    held: cache.stats().size + texts.length,
  };
}

measure(SHAPES['the least'] ?? (() => ({})));
console.log(JSON.stringify(Object.entries(SHAPES).map(([shape, make]) => ({ shape, ...measure(make) }))));
