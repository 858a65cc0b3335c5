// When and where to check a signature in a busy server: at once, all of a poll phase in turns, or on the thread pool.
// Usage, after a build: node bench/under-load.mjs [--quick]. Writes docs/images/under-load.svg and bench/results/under-load.json.
import { writeFileSync } from 'node:fs';
import { compareUnderLoad } from './load.mjs';
import { drawBars } from './svg-bars.mjs';
import { createIssuer } from './tokens.mjs';

const quick = process.argv.includes('--quick');
const PROTECTIONS = /** @type {const} */ (['none', 'at once', 'in turns', 'thread pool']);
const rows = [];
for (const platform of ['fastify', 'express']) {
  for (const algorithm of /** @type {const} */ (['RS256', 'ES256', 'EdDSA'])) {
    const issuer = await createIssuer(algorithm);
    rows.push(
      ...(await compareUnderLoad({
        platform,
        issuer,
        protections: PROTECTIONS,
        connections: [64],
        rounds: quick ? 1 : 3,
        seconds: quick ? 1 : 2,
      })),
    );
    issuer.server.close();
  }
}
for (const { platform, algorithm, guard, perSecond, ofUnguarded, p99Ms } of rows) {
  console.log(
    `${platform} ${algorithm} ${guard}: ${Math.round(perSecond)}/s, ${ofUnguarded.toFixed(2)} of unguarded, p99 ${p99Ms} ms`,
  );
}
if (!quick) {
  writeFileSync('bench/results/under-load.json', `${JSON.stringify(rows, undefined, 2)}\n`);
  writeFileSync(
    'docs/images/under-load.svg',
    drawBars({
      title: 'Requests a second at 64 connections, as a part of the unguarded route',
      bars: rows
        .filter(({ guard }) => guard !== 'none')
        .map(({ platform, algorithm, guard, ofUnguarded }) => ({
          name: `${platform}, ${algorithm}, ${guard}`,
          value: ofUnguarded,
          own: guard === 'in turns',
        })),
    }),
  );
}
process.exit(0);
