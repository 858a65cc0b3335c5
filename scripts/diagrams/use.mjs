// Diagrams for people who use the package.
import { drawSequence } from './sequence.mjs';
import { arrow, box, svg, text } from './shapes.mjs';

/** @import { Tone } from './shapes.mjs' */

/** As wide as a phone can show with letters that can be read. */
const WIDTH = 480;

/** Steps from top to bottom, and the answer of a request that does not pass one. */
export function drawRequest() {
  /** @type {readonly (readonly [step: readonly string[], tone: Tone, answer: readonly string[]])[]} */
  const rows = [
    [['Request', 'Authorization: Bearer eyJ…'], 'info', []],
    [['Read the credentials', 'skipped on a @Public() route'], 'plain', ['400 malformed', '401 no token']],
    [['Read the token', 'form, issuer, algorithm, type, claims'], 'plain', ['401']],
    [['Find the key', 'in memory; fetched if unknown'], 'plain', ['503 Retry-After', '401 no such key']],
    [['Verify the signature', 'or find it in the token cache'], 'plain', ['401']],
    [['Check the sender, call validate', 'DPoP proof of a bound token'], 'plain', ['401']],
    [['Check the requirements', 'scopes, roles, claims, login'], 'plain', ['403', '401 new login']],
    [['Call mapUser', 'makes request.user'], 'plain', ['401 no user']],
    [['Your handler'], 'good', []],
  ];
  const step = { x: 16, width: 286, height: 52 };
  const answer = { x: 342, width: 122, height: 44 };
  const pitch = 72;
  const parts = rows.flatMap(([content, tone, refusal], index) => {
    const y = 16 + index * pitch;
    const middle = y + step.height / 2;
    return [
      box({ ...step, y }, tone, content, true),
      ...(index === 0
        ? []
        : [
            arrow([
              [159, y - pitch + step.height],
              [159, y - 2],
            ]),
          ]),
      ...(refusal.length === 0
        ? []
        : [
            arrow([
              [step.x + step.width, middle],
              [answer.x - 2, middle],
            ]),
            box(
              { ...answer, y: middle - 22 },
              refusal[0]?.startsWith('503') ? 'warn' : 'bad',
              refusal,
              false,
            ),
          ]),
    ];
  });
  return svg(
    { width: WIDTH, height: 32 + (rows.length - 1) * pitch + step.height, title: 'The way of a request' },
    parts,
  );
}

/** Time from top to bottom: what the provider, the keys, the answers and the health are at each moment. */
export function drawOutage() {
  const columns = ['Provider', 'Keys', 'Your API', 'Health'];
  /** @type {readonly { when: readonly string[], height: number, cells: readonly (readonly [Tone, ...string[]])[] }[]} */
  const rows = [
    {
      when: ['before'],
      height: 52,
      cells: [
        ['good', 'up'],
        ['good', 'fresh'],
        ['good', '200'],
        ['good', 'up'],
      ],
    },
    {
      when: ['until the', 'TTL ends', '(10 min)'],
      height: 76,
      cells: [
        ['bad', 'down'],
        ['good', 'fresh'],
        ['good', '200'],
        ['good', 'up'],
      ],
    },
    {
      when: ['for', 'staleIfErrorMs', '(24 h)'],
      height: 96,
      cells: [
        ['bad', 'down'],
        ['warn', 'stale'],
        ['good', '200'],
        ['warn', 'degraded'],
      ],
    },
    {
      when: ['after that'],
      height: 64,
      cells: [
        ['bad', 'down'],
        ['bad', 'expired'],
        ['bad', '503', 'Retry-After'],
        ['bad', 'down'],
      ],
    },
    {
      when: ['back, after at', 'most 60 s'],
      height: 56,
      cells: [
        ['good', 'up'],
        ['good', 'fresh'],
        ['good', '200'],
        ['good', 'up'],
      ],
    },
  ];
  const left = 116;
  const width = (WIDTH - left - 8) / columns.length;
  const parts = columns.map((name, column) => text(left + width * (column + 0.5), 28, name, { bold: true }));
  let y = 44;
  for (const { when, height, cells } of rows) {
    parts.push(
      ...when.map((line, index) =>
        text(12, y + height / 2 + 4 + (index - (when.length - 1) / 2) * 18, line, {
          anchor: 'start',
          soft: true,
        }),
      ),
      ...cells.map(([tone, ...content], column) =>
        box({ x: left + width * column + 3, y, width: width - 6, height: height - 5 }, tone, content, false),
      ),
    );
    y += height;
  }
  return svg({ width: WIDTH, height: y + 12, title: 'An outage of the provider' }, parts);
}

export function drawRotation() {
  const [client, api, provider] = [0, 1, 2];
  return drawSequence({
    title: 'A rotation of keys',
    width: WIDTH,
    actors: ['Clients', 'Your API', 'Provider'],
    rows: [
      { at: provider, note: ['adds key B,', 'signs with B'] },
      { from: client, to: api, text: 'token of key B' },
      { at: api, note: ['B is unknown:', 'the request waits'], tone: 'warn' },
      { from: client, to: api, text: 'others of key B' },
      { from: api, to: provider, text: 'one request' },
      { from: client, to: api, text: 'token of key A' },
      { from: api, to: client, text: '200 at once', answer: true },
      { from: provider, to: api, text: 'keys A and B', answer: true },
      { at: api, note: ['event', 'jwks.rotated'], tone: 'good' },
      { from: api, to: client, text: '200 to all of B', answer: true },
      { section: 'A flood of made-up key IDs' },
      { from: client, to: api, text: 'key IDs X, Y, Z …' },
      { from: api, to: provider, text: 'one request in 2 s' },
      { from: provider, to: api, text: 'keys A and B', answer: true },
      { from: api, to: client, text: '401', answer: true },
    ],
  });
}
