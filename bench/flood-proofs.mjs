// What a request of a flood costs an API that accepts DPoP: processor time of its process, from the operating system, for garbage tokens,
// for the same with a proof, and for a stolen token with a proof of another key, in interleaved rounds.
// Usage, after a build, on a quiet machine: node bench/flood-proofs.mjs [rounds] [requests]
import { fork } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as send } from 'node:http';
import { fileURLToPath } from 'node:url';
import { calculateJwkThumbprint } from 'jose';
import { ratioSpread, spreadOf } from './support/statistics.mjs';
import { createIssuer, createSigner } from './support/tokens.mjs';

/**
 * @typedef {Readonly<Record<string, string>>} Headers
 * @typedef {{ name: string, status: number, headers: () => Headers }} Kind
 */

const PUBLIC_URL = 'https://api.example.com';
const PATH = '/orders';
const CONNECTIONS = 16;
const BASE = 'forged token, Bearer';
const [rounds = 9, requests = 1_000] = process.argv.slice(2).map(Number);

const issuer = await createIssuer('RS256');
const server = fork(fileURLToPath(new URL('support/flooded-api.mjs', import.meta.url)), [
  issuer.issuer,
  PUBLIC_URL,
  // Keys that cannot be renewed: a forged signature is refused at once, and not after a look at the provider.
  JSON.stringify(issuer.jwk),
]);
const [port] = /** @type {[number]} */ (await once(server, 'message'));
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** Processor time of the API so far, in microseconds. */
async function cpuUs() {
  const answer = once(server, 'message');
  server.send('cpu');
  const [us] = /** @type {[number]} */ (await answer);
  return us;
}

/** @param {Kind} kind @param {Headers} headers */
async function ask({ name, status }, headers) {
  const outgoing = send({ port, host: '127.0.0.1', path: PATH, agent, headers }).end();
  const [response] = /** @type {[import('node:http').IncomingMessage]} */ (await once(outgoing, 'response'));
  response.resume();
  if (response.statusCode !== status) throw new Error(`${name}: status ${response.statusCode}`);
  await once(response, 'end');
}

async function createClient() {
  const signer = createSigner('ES256');
  const { kty, crv, x, y } = signer.jwk('client');
  const jwk = { kty, crv, x, y };
  const jkt = await calculateJwkThumbprint(/** @type {import('jose').JWK} */ (jwk));
  /** @param {string} token */
  const proofFor = (token) => {
    const ath = createHash('sha256').update(token).digest('base64url');
    const iat = Math.floor(Date.now() / 1000);
    const claims = { jti: randomUUID(), htm: 'GET', htu: PUBLIC_URL + PATH, iat, ath };
    return signer.sign({ typ: 'dpop+jwt', jwk }, claims);
  };
  return { jkt, proofFor };
}

const client = await createClient();
const strangers = await Promise.all(Array.from({ length: 50 }, createClient));
let turn = 0;
const stranger = () => /** @type {typeof client} */ (strangers[turn++ % strangers.length]);

const bound = issuer.token(0, { cnf: { jkt: client.jkt } });
/** A token with another signature each time: its form, issuer, key id, audience and times are good. */
function forged() {
  return `${bound.slice(0, bound.lastIndexOf('.'))}.${randomBytes(256).toString('base64url')}`;
}
/** @param {string} token @param {{ proofFor: (token: string) => string }} of */
const dpop = (token, of) => ({ authorization: `DPoP ${token}`, dpop: of.proofFor(token) });

/** @type {readonly Kind[]} */
const KINDS = [
  { name: 'no token', status: 401, headers: () => ({}) },
  { name: 'no JWT, Bearer', status: 401, headers: () => ({ authorization: `Bearer ${randomUUID()}` }) },
  { name: 'no JWT, DPoP with a proof', status: 401, headers: () => dpop(randomUUID(), stranger()) },
  { name: BASE, status: 401, headers: () => ({ authorization: `Bearer ${forged()}` }) },
  { name: 'forged token, DPoP with a proof', status: 401, headers: () => dpop(forged(), stranger()) },
  { name: 'stolen token, proof of another key', status: 401, headers: () => dpop(bound, stranger()) },
  { name: 'good token and proof', status: 200, headers: () => dpop(bound, client) },
];

/** @type {Map<string, number[]>} */
const times = new Map(KINDS.map(({ name }) => [name, []]));
for (let round = -2; round < rounds; round++) {
  for (const kind of KINDS) {
    // Made ahead: who signs between two requests sends them one by one, and the API wakes up for each.
    const prepared = Array.from({ length: requests }, kind.headers);
    const before = await cpuUs();
    const connection = async () => {
      for (let next = prepared.pop(); next !== undefined; next = prepared.pop()) await ask(kind, next);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, connection));
    if (round >= 0) times.get(kind.name)?.push(((await cpuUs()) - before) / requests);
  }
}
console.log(`| request | µs of processor time | quartiles | × ${BASE} |\n| --- | --- | --- | --- |`);
for (const [name, values] of times) {
  const { q1, median, q3 } = spreadOf(values);
  const ratio = ratioSpread(values, times.get(BASE) ?? []).median;
  console.log(
    `| ${name} | ${median.toFixed(0)} | ${q1.toFixed(0)} to ${q3.toFixed(0)} | ${ratio.toFixed(2)} |`,
  );
}
process.exit(0);
