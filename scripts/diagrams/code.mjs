// Diagrams for people who change the package.
import { RANKS } from '../check-imports.mjs';
import { drawSequence } from './sequence.mjs';
import { arrow, box, svg } from './shapes.mjs';

const WIDTH = 480;
const WIDE = 900;

/** The ranks of lib/ in bands, the highest first. A band begins with the rank of its first folder. */
export function drawLayers() {
  const bands = [
    { title: 'Separate entry points', from: 'testing' },
    { title: 'Public names and providers', from: 'index' },
    { title: 'Health and exporters', from: 'health' },
    { title: 'Requests: from credentials to an answer', from: 'sockets' },
    { title: 'Issuers: metadata, keys, proofs', from: 'stats' },
    { title: 'Validation of a token', from: 'validation' },
    { title: 'Network, events, metrics, shared state', from: 'store' },
    { title: 'Options, cached values, errors, rules', from: 'options' },
  ];
  const starts = bands.map(({ from }) => RANKS.findIndex((row) => row.includes(from)));
  const height = 74;
  const parts = bands.flatMap(({ title }, band) => {
    const first = band === 0 ? RANKS.length - 1 : (starts[band] ?? -1);
    const below = starts[band + 1] ?? -1;
    if (first <= below) throw new Error(`no rank for "${title}"`);
    const folders = RANKS.slice(below + 1, first + 1)
      .toReversed()
      .flat();
    const y = 16 + band * (height + 22);
    return [
      box(
        { x: 16, y, width: WIDTH - 32, height },
        band < 3 ? 'info' : 'plain',
        [title, ...wrap(folders)],
        true,
      ),
      ...(band === 0
        ? []
        : [
            arrow([
              [WIDTH / 2, y - 22],
              [WIDTH / 2, y - 2],
            ]),
          ]),
    ];
  });
  return svg({ width: WIDTH, height: 10 + bands.length * (height + 22), title: 'Layers of lib/' }, parts);
}

/** Lines of at most 54 letters. */
function wrap(/** @type {readonly string[]} */ words) {
  /** @type {string[]} */
  const lines = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 54) lines[lines.length - 1] = `${last} · ${word}`;
    else lines.push(word);
  }
  return lines;
}

export function drawRequestInCode() {
  const [caller, guard, authenticator, validation, keys] = [0, 1, 2, 3, 4];
  return drawSequence({
    title: 'One HTTP request in the code',
    width: WIDE,
    actors: ['Caller', 'guard', 'authenticator', 'validation', 'issuers, jwks'],
    rows: [
      { from: caller, to: guard, text: 'GET /orders' },
      { at: guard, note: ['access plan:', 'public, optional, required'], width: 200 },
      { from: guard, to: authenticator, text: 'authenticate' },
      { at: authenticator, note: ['credentials (transports/)'], width: 200 },
      { from: authenticator, to: validation, text: 'validate' },
      { at: validation, note: ['form, issuer, algorithm,', 'type, claims'], width: 200 },
      { from: validation, to: keys, text: 'keys of the token' },
      { from: keys, to: validation, text: 'from the cache', answer: true },
      { at: validation, note: ['signature, sender,', 'scopes of the call, hooks'], width: 200 },
      { from: validation, to: authenticator, text: 'token, or error', answer: true },
      { at: authenticator, note: ['requirements of the route,', 'mapUser'], width: 200 },
      { from: authenticator, to: guard, text: 'authenticated, or denied', answer: true },
      { from: guard, to: caller, text: '200 of the handler', answer: true },
      { section: 'Denied: auth/denial-responder.ts' },
      { from: guard, to: caller, text: '400, 401, 403, 503', answer: true },
    ],
  });
}

export function drawOutageInCode() {
  const [requests, value, http, provider] = [0, 1, 2, 3];
  return drawSequence({
    title: 'An outage of the provider in the code',
    width: WIDE,
    actors: ['Requests', 'cache/refreshing-value.ts', 'http/http-client.ts', 'Provider'],
    rows: [
      { at: value, note: ['fresh until the TTL ends,', 'renewed from 80 % of it on'], tone: 'good' },
      { from: value, to: http, text: 'renew in the background' },
      { from: http, to: provider, text: 'GET, conditional if possible', lost: true },
      { from: http, to: value, text: 'fails; event jwks.failed', answer: true },
      { at: value, note: ['backoff: 1 s, doubling', 'to 60 s, or Retry-After'], tone: 'warn' },
      { from: requests, to: value, text: 'need keys' },
      { from: value, to: requests, text: 'the stale value, at once', answer: true },
      { at: value, note: ['expired: staleIfErrorMs', 'is over'], tone: 'bad' },
      { from: requests, to: value, text: 'need keys' },
      { from: value, to: requests, text: '503 keys_unavailable', answer: true },
      { section: 'The provider is back' },
      { from: value, to: http, text: 'next attempt' },
      { from: http, to: provider, text: 'GET' },
      { from: provider, to: http, text: '200', answer: true },
      { from: http, to: value, text: 'new value; jwks.refreshed', answer: true },
      { from: requests, to: value, text: 'need keys' },
      { from: value, to: requests, text: 'the fresh value', answer: true },
    ],
  });
}
