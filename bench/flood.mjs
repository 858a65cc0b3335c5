// 10 seconds of made-up key ids, 1,000 a second, beside honest traffic, with a rotation in the middle, in real time.
// Usage, after a build: node --expose-gc bench/flood.mjs
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { IdentityModule, TokenValidationService } from '../dist/index.js';

const SECONDS = 10;
const TICK_MS = 10;

function createKey(/** @type {string} */ kid) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } };
}
let keys = [createKey('old')];
let requests = 0;
const server = createServer((request, response) => {
  const isKeySet = request.url === '/jwks';
  if (isKeySet) requests++;
  response.end(
    JSON.stringify(isKeySet ? { keys: keys.map(({ jwk }) => jwk) } : { issuer, jwks_uri: `${issuer}/jwks` }),
  );
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const address = server.address();
const issuer = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;

const encode = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(/** @type {string} */ kid, /** @type {import('node:crypto').KeyObject | undefined} */ key) {
  const claims = { iss: issuer, aud: 'api', sub: 'x', exp: Math.floor(Date.now() / 1000) + 600 };
  const data = `${encode({ alg: 'ES256', kid, typ: 'at+jwt' })}.${encode(claims)}`;
  const signature = key
    ? sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' })
    : Buffer.alloc(64);
  return `${data}.${signature.toString('base64url')}`;
}

const app = await NestFactory.createApplicationContext(
  IdentityModule.forRoot({ issuer, audience: 'api', warmUp: 'await' }),
  { logger: false },
);
const tokens = app.get(TokenValidationService);

const kinds = /** @type {const} */ (['made up', 'old key', 'new key']);
/** @type {Record<string, { codes: Record<string, number>, ms: number[] }>} */
const outcomes = Object.fromEntries(kinds.map((kind) => [kind, { codes: {}, ms: [] }]));
let waiting = 0;
let mostWaiting = 0;
async function ask(/** @type {string} */ kind, /** @type {string} */ text) {
  const sinceMs = performance.now();
  waiting++;
  let code = 'served';
  try {
    await tokens.validate(text);
  } catch (error) {
    ({ code } = /** @type {{ code: string }} */ (error));
  }
  waiting--;
  const outcome = outcomes[kind];
  if (outcome === undefined) return;
  outcome.codes[code] = (outcome.codes[code] ?? 0) + 1;
  outcome.ms.push(performance.now() - sinceMs);
}

const heapMb = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};
const before = heapMb();
const requestsBefore = requests;
const startedMs = performance.now();
const oldToken = token('old', keys[0]?.privateKey);
let newToken = '';
const all = [];
for (let sent = 0; sent < SECONDS * 1_000;) {
  const elapsedMs = performance.now() - startedMs;
  if (newToken === '' && elapsedMs > 5_100) {
    const next = createKey('new');
    keys = [next, ...keys];
    newToken = token('new', next.privateKey);
  }
  for (; sent < Math.min(elapsedMs, SECONDS * 1_000); sent++)
    all.push(ask('made up', token(randomUUID(), undefined)));
  all.push(ask('old key', oldToken));
  if (newToken !== '') all.push(ask('new key', newToken));
  await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  mostWaiting = Math.max(mostWaiting, waiting);
}
const requestsDuring = requests - requestsBefore;
await Promise.all(all);
const after = heapMb();
for (const [kind, { codes, ms }] of Object.entries(outcomes)) {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (/** @type {number} */ part) => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1);
  console.log(
    `${kind}: ${JSON.stringify(codes)}, median ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`,
  );
}
console.log(`key set requests in ${SECONDS} s: ${requestsDuring}; most waiting: ${mostWaiting}`);
console.log(`heap before ${before.toFixed(1)} MB, after ${after.toFixed(1)} MB`);
await app.close();
server.close();
