// What a DPoP proof costs beside the two signature checks alone, in one process, in interleaved rounds.
// node bench/proofs.mjs [rounds] ; node --expose-gc bench/proofs.mjs memory ; node --expose-gc bench/proofs.mjs full [keys]
import 'reflect-metadata';
import { createHash, randomUUID, verify } from 'node:crypto';
import { auth } from 'express-oauth2-jwt-bearer';
import { calculateJwkThumbprint, createLocalJWKSet, EmbeddedJWK, jwtVerify } from 'jose';
import { allowInsecureRequests, jwksCache, validateJwtAccessToken } from 'oauth4webapi';
import { createCredentials } from '../dist/index.js';
import { ReplayGuard } from '../dist/store/replay-guard.js';
import { ratioSpread, spreadOf } from './support/statistics.mjs';
import { AUDIENCE, createIssuer, createSigner } from './support/tokens.mjs';
import { startModule } from './validation/contenders.mjs';

/**
 * @typedef {{ token: string, proof: string, method: string, url: string }} Bound
 * @typedef {{ name: string, one: (request: Bound) => unknown, requests: (round: Round) => readonly Bound[] }} Row
 * @typedef {{ known: readonly Bound[], fresh: readonly Bound[], stolen: readonly Bound[], forged: readonly Bound[] }} Round
 * @typedef {import('./support/tokens.mjs').Issuer} Issuer
 * @typedef {{ jkt: string, publicKey: import('node:crypto').KeyObject, proofFor: (token: string) => string }} Client
 */

const PUBLIC_URL = 'https://api.example.com';
const PATH = '/orders';
const REQUESTS = 200;

/** @returns {Promise<Client>} */
async function createClient() {
  const signer = createSigner('ES256');
  const { kty, crv, x, y } = signer.jwk('client');
  const jwk = { kty, crv, x, y };
  const jkt = await calculateJwkThumbprint(/** @type {import('jose').JWK} */ (jwk));
  return {
    jkt,
    publicKey: signer.publicKey,
    proofFor: (token) =>
      signer.sign(
        { typ: 'dpop+jwt', jwk },
        {
          jti: randomUUID(),
          htm: 'GET',
          htu: PUBLIC_URL + PATH,
          iat: Math.floor(Date.now() / 1000),
          ath: createHash('sha256').update(token).digest('base64url'),
        },
      ),
  };
}

/** @param {Issuer} issuer @param {Client} client @returns {Promise<Round>} */
async function makeRound(issuer, client) {
  /** @param {Client} of @param {string} jkt @returns {Bound} */
  const request = (of, jkt) => {
    const token = issuer.token(0, { cnf: { jkt } });
    return { token, proof: of.proofFor(token), method: 'GET', url: PATH };
  };
  const strangers = await Promise.all(Array.from({ length: REQUESTS }, createClient));
  const known = strangers.map(() => request(client, client.jkt));
  return {
    known,
    fresh: strangers.map((each) => request(each, each.jkt)),
    stolen: strangers.map((each) => request(each, client.jkt)),
    forged: known.map((each) => ({ ...each, token: `${each.token.slice(0, -20)}${'A'.repeat(20)}` })),
  };
}

/** @param {() => unknown} run */
async function refused(run) {
  try {
    await run();
  } catch {
    return;
  }
  throw new Error('was accepted');
}

/** @param {Issuer} issuer @param {Client} client @returns {Promise<Row[]>} */
async function createRows(issuer, client) {
  const options = { publicUrl: PUBLIC_URL, senderConstrained: 'require' };
  const { tokens } = await startModule(issuer, options);
  const { tokens: cached } = await startModule(issuer, { ...options, tokenCache: {} });
  const token = issuer.token(0, { cnf: { jkt: client.jkt } });
  const known = (/** @type {Round} */ round) => round.known;
  const recalled = (/** @type {Round} */ round) =>
    round.known.map((each) => ({ ...each, token, proof: client.proofFor(token) }));
  return [
    { name: 'ES256 check alone', one: checkOf(client), requests: known },
    { name: 'RS256 and ES256 checks alone', one: bothChecks(issuer, checkOf(client)), requests: known },
    {
      name: 'this module',
      one: (each) => tokens.validateSync(createCredentials({ scheme: 'DPoP', ...each })),
      requests: known,
    },
    {
      name: 'this module, token cache',
      one: (each) => cached.validateSync(createCredentials({ scheme: 'DPoP', ...each })),
      requests: recalled,
    },
    {
      name: 'this module, a new key each time',
      one: (each) => tokens.validateSync(createCredentials({ scheme: 'DPoP', ...each })),
      requests: ({ fresh }) => fresh,
    },
    {
      name: 'this module, a stolen token with a proof of another key',
      one: (each) => refused(() => tokens.validateSync(createCredentials({ scheme: 'DPoP', ...each }))),
      requests: ({ stolen }) => stolen,
    },
    {
      name: 'this module, a forged token with a proof',
      one: (each) => refused(() => tokens.validateSync(createCredentials({ scheme: 'DPoP', ...each }))),
      requests: ({ forged }) => forged,
    },
    {
      name: 'this module, a forged token alone',
      one: ({ token: forged }) => refused(() => tokens.validateSync(forged)),
      requests: ({ forged }) => forged,
    },
    { name: 'jose', one: byJose(issuer), requests: known },
    { name: 'oauth4webapi', one: byOauth4webapi(issuer), requests: known },
    { name: 'express-oauth2-jwt-bearer', one: byAuth0(issuer), requests: known },
  ];
}

/** @param {string} jws @returns {[data: Buffer, signature: Buffer]} */
function split(jws) {
  const end = jws.lastIndexOf('.');
  return [Buffer.from(jws.slice(0, end)), Buffer.from(jws.slice(end + 1), 'base64url')];
}

/** @param {Client} client */
function checkOf({ publicKey: key }) {
  return (/** @type {Bound} */ { proof }) => {
    const [data, signature] = split(proof);
    if (!verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)) throw new Error('bad proof');
  };
}

/** @param {Issuer} issuer @param {(request: Bound) => void} checkProof */
function bothChecks({ publicKey }, checkProof) {
  return (/** @type {Bound} */ request) => {
    const [data, signature] = split(request.token);
    if (!verify('sha256', data, publicKey, signature)) throw new Error('bad token');
    checkProof(request);
  };
}

/** As its documentation puts the pieces together. @param {Issuer} issuer */
function byJose({ issuer, jwk }) {
  const keys = createLocalJWKSet({ keys: [jwk] });
  return async (/** @type {Bound} */ { token, proof, method, url }) => {
    const { payload } = await jwtVerify(token, keys, { issuer, audience: AUDIENCE, algorithms: ['RS256'] });
    const checked = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ['ES256'] });
    const { htm, htu, ath } = checked.payload;
    const jkt = await calculateJwkThumbprint(/** @type {import('jose').JWK} */ (checked.protectedHeader.jwk));
    const { cnf } = /** @type {{ cnf: { jkt: string } }} */ (/** @type {unknown} */ (payload));
    const isFitting = htm === method && htu === PUBLIC_URL + url && jkt === cnf.jkt;
    if (!isFitting || ath !== createHash('sha256').update(token).digest('base64url'))
      throw new Error('bad proof');
  };
}

/** @param {Issuer} issuer */
function byOauth4webapi({ issuer, jwk }) {
  const server = { issuer, jwks_uri: `${issuer}/jwks` };
  const cache = {
    jwks: { keys: [/** @type {import('oauth4webapi').JWK} */ (jwk)] },
    uat: Math.floor(Date.now() / 1000),
  };
  const options = { requireDPoP: true, [jwksCache]: cache, [allowInsecureRequests]: true };
  return async (/** @type {Bound} */ { token, proof, method, url }) => {
    const headers = { authorization: `DPoP ${token}`, dpop: proof };
    await validateJwtAccessToken(
      server,
      new Request(PUBLIC_URL + url, { method, headers }),
      AUDIENCE,
      options,
    );
  };
}

/** @param {Issuer} issuer */
function byAuth0({ issuer }) {
  const guard = auth({
    issuer,
    jwksUri: `${issuer}/jwks`,
    audience: AUDIENCE,
    dpop: { enabled: true, required: true },
  });
  const { host, protocol } = new URL(PUBLIC_URL);
  return (/** @type {Bound} */ { token, proof, method, url }) =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `DPoP ${token}`, dpop: proof, host };
      const rawHeaders = Object.entries(headers).flat();
      const request = {
        headers,
        rawHeaders,
        method,
        url,
        originalUrl: url,
        host,
        hostname: host,
        protocol: protocol.slice(0, -1),
        is: () => false,
        get: (/** @type {string} */ name) => Reflect.get(headers, name.toLowerCase()),
      };
      guard(/** @type {never} */ (request), /** @type {never} */ ({}), (/** @type {unknown} */ error) =>
        error === undefined ? resolve(undefined) : reject(error),
      );
    });
}

/** @param {number} rounds */
async function measure(rounds) {
  const issuer = await createIssuer('RS256');
  const client = await createClient();
  const rows = await createRows(issuer, client);
  /** @type {Map<string, number[]>} */
  const times = new Map(rows.map(({ name }) => [name, []]));
  for (let round = -3; round < rounds; round++) {
    const made = await makeRound(issuer, client);
    for (const { name, one, requests } of rows) {
      const list = requests(made);
      const startMs = performance.now();
      for (const request of list) {
        const later = one(request);
        if (later instanceof Promise) await later;
      }
      const microseconds = ((performance.now() - startMs) * 1000) / list.length;
      if (round >= 0) times.get(name)?.push(microseconds);
    }
  }
  const floor = times.get('RS256 and ES256 checks alone') ?? [];
  const check = times.get('ES256 check alone') ?? [];
  console.log('| row | µs | of both checks | of an ES256 check |\n| --- | --- | --- | --- |');
  for (const [name, values] of times) {
    const [both, one] = [ratioSpread(values, floor).median, ratioSpread(values, check).median];
    console.log(
      `| ${name} | ${spreadOf(values).median.toFixed(1)} | ${both.toFixed(2)} | ${one.toFixed(2)} |`,
    );
  }
  process.exit(0);
}

/** 10 million proofs at 1,000 a second: what is remembered of them stays flat. */
function measureMemory() {
  let nowMs = Date.now();
  const clock = /** @type {never} */ ({ wallMs: () => nowMs, monotonicMs: () => nowMs });
  const guard = new ReplayGuard('dpop', {
    store: undefined,
    onStoreFailure: 'local',
    clock,
    reporter: { report: () => undefined },
  });
  const jkt = 'A'.repeat(43);
  const startMs = performance.now();
  for (let proof = 1; proof <= 10_000_000; proof++) {
    nowMs += 1;
    if (guard.use(`${jkt}.${randomUUID()}`, 70_000) !== 'first') throw new Error('refused');
    if (proof % 1_000_000 !== 0) continue;
    globalThis.gc?.();
    const heap = (process.memoryUsage().heapUsed / 2 ** 20).toFixed(1);
    console.log(`${proof} proofs: ${guard.entries.size} remembered, ${heap} MiB of heap`);
  }
  console.log(`${((performance.now() - startMs) / 10_000).toFixed(2)} µs a proof`);
}

/**
 * What a full memory takes: proofs of one key, or one proof each of as many keys. A process of its own for each: what one leaves behind
 * would count for the next.
 *
 * @param {number} keys
 */
function measureFull(keys) {
  const maxEntries = 500_000;
  let nowMs = Date.now();
  const clock = /** @type {never} */ ({ wallMs: () => nowMs, monotonicMs: () => nowMs });
  const reporter = { report: () => undefined };
  const parts = { store: undefined, onStoreFailure: /** @type {const} */ ('local'), clock, reporter };
  const guard = new ReplayGuard('dpop', { ...parts, maxEntries, maxPerOwner: maxEntries });
  const heap = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  for (let proof = 0; proof < maxEntries; proof++) {
    nowMs += 80_000 / maxEntries;
    const jkt = createHash('sha256')
      .update(String(proof % keys))
      .digest('base64url');
    if (guard.use(`${jkt}.${randomUUID()}`, 80_000, jkt) !== 'first') throw new Error('refused');
  }
  const megabytes = ((heap() - before) / 1e6).toFixed(0);
  console.log(`${guard.entries.size} proofs of ${keys} keys: ${megabytes} MB of heap`);
}

const [what = '15', keys = '1'] = process.argv.slice(2);
if (what === 'memory') measureMemory();
else if (what === 'full') measureFull(Number(keys));
else await measure(Number(what));
