// Heap under hostile traffic: look-ups of made-up issuers and key ids, honest ones in between.
// Usage, after a build: node --expose-gc bench/soak.mjs [millions of look-ups, 10]
import { createServer } from 'node:http';
import { generateKeyPairSync, sign } from 'node:crypto';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { IdentityModule, JwksService, TokenValidationService } from '../dist/index.js';

const MILLION = 1_000_000;
const total = Number(process.argv[2] ?? 10) * MILLION;
const NAMES = 10_000;

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' };
let requests = 0;
const server = createServer((request, response) => {
  requests++;
  const metadata = { issuer, jwks_uri: `${issuer}/jwks` };
  response.end(JSON.stringify(request.url === '/jwks' ? { keys: [jwk] } : metadata));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const address = server.address();
const issuer = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;

const encode = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const exp = Math.floor(Date.now() / 1000) + 86_400;
function token(/** @type {string} */ iss, /** @type {string} */ kid, signed = false) {
  const data = `${encode({ alg: 'ES256', kid, typ: 'at+jwt' })}.${encode({ iss, aud: 'api', sub: 'x', exp })}`;
  const signature = signed
    ? sign('sha256', Buffer.from(data), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    : Buffer.alloc(64);
  return `${data}.${signature.toString('base64url')}`;
}

const app = await NestFactory.createApplicationContext(
  IdentityModule.forRoot({
    audience: 'api',
    issuers: (/** @type {string} */ name) => (name === issuer ? { issuer } : undefined),
    allowedIssuers: (/** @type {string} */ name) => name.startsWith('http://127.0.0.1:'),
    http: { allowPrivateNetworks: true },
  }),
  { logger: false },
);
const tokens = app.get(TokenValidationService);
const jwks = app.get(JwksService);
await jwks.get(issuer);

const honest = token(issuer, 'k', true);
const madeUp = Array.from({ length: NAMES }, (_, index) =>
  index % 2 === 0 ? token(`http://127.0.0.1:1/${index}`, 'k') : token(issuer, `made up ${index}`),
);

/** @type {Record<string, number>} */
const codes = {};
const heap = [];
let served = 0;
const startedMs = performance.now();
for (let lookup = 0; lookup < total; lookup++) {
  try {
    tokens.validateSync(madeUp[lookup % NAMES] ?? '');
  } catch (error) {
    const { code } = /** @type {{ code: string }} */ (error);
    codes[code] = (codes[code] ?? 0) + 1;
  }
  if (lookup % 1_000 === 0) {
    if (tokens.validateSync(honest).issuer === issuer) served++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  if ((lookup + 1) % MILLION === 0) {
    globalThis.gc?.();
    const usedMb = process.memoryUsage().heapUsed / 2 ** 20;
    heap.push(usedMb);
    console.log(`${(lookup + 1) / MILLION} million look-ups: heap ${usedMb.toFixed(1)} MB`);
  }
}
const seconds = (performance.now() - startedMs) / 1000;
console.log(
  JSON.stringify({
    seconds: Math.round(seconds),
    honestServed: served,
    codes,
    requestsToProvider: requests,
    jwks: jwks.stats(),
  }),
);
const growth = (heap.at(-1) ?? 0) - (heap[1] ?? 0);
console.log(`growth after the second million: ${growth.toFixed(1)} MB`);
await app.close();
server.close();
