// What measuring costs: the same validation with the recorder and its clock taken out by hand, as it is, and with prom-client.
// Usage: npm run build && node bench/measurements.mjs [--quick]; `npm run bench` runs it too.
import { pathToFileURL } from 'node:url';
import { Test } from '@nestjs/testing';
import { Registry } from 'prom-client';
import { IdentityModule, TokenValidationService } from '../dist/index.js';
import { IdentityPrometheusModule } from '../dist/prometheus/index.js';
import { VALIDATION_RECORDER } from '../dist/metrics/validation-recorder.js';
import { compare } from './support/compare.mjs';
import { AUDIENCE, createIssuer } from './support/tokens.mjs';

/**
 * @param {import('./support/tokens.mjs').Issuer} issuer
 * @param {{ measured: boolean, prometheus?: boolean, tokenCache: boolean }} options
 */
async function start({ issuer }, { measured, prometheus = false, tokenCache }) {
  const builder = Test.createTestingModule({
    imports: [
      IdentityModule.forRoot({
        issuer,
        audience: AUDIENCE,
        warmUp: 'await',
        ...(tokenCache ? { tokenCache: {} } : {}),
      }),
      ...(prometheus ? [IdentityPrometheusModule.forRoot({ registry: new Registry() })] : []),
    ],
  });
  if (!measured) {
    builder.overrideProvider(VALIDATION_RECORDER).useValue({
      startValidation: () => 0,
      recordValidation: () => undefined,
      startBatch: () => () => undefined,
    });
  }
  const module = await builder.compile();
  module.useLogger(false);
  await module.init();
  const tokens = module.get(TokenValidationService);
  return { module, one: (/** @type {string} */ token) => tokens.validateSync(token) };
}

/** @param {{ quick: boolean }} options ratios to the same without measuring */
export async function benchMeasurements({ quick }) {
  const issuer = await createIssuer('RS256');
  const list = Array.from({ length: quick ? 200 : 1_000 }, (_, index) => issuer.token(index));
  /** @type {Record<string, import('./support/compare.mjs').Compared[]>} */
  const results = {};
  for (const tokenCache of [false, true]) {
    const without = await start(issuer, { measured: false, tokenCache });
    const measured = await start(issuer, { measured: true, tokenCache });
    const prometheus = await start(issuer, { measured: true, prometheus: true, tokenCache });
    results[tokenCache ? 'token-cache hit' : 'RS256'] = await compare(
      [
        { name: 'measuring taken out', one: without.one },
        { name: 'as it is', one: measured.one },
        { name: 'with prom-client', one: prometheus.one },
      ],
      list,
      { rounds: quick ? 15 : 61, warmUp: 6 },
    );
    for (const { module } of [without, measured, prometheus]) await module.close();
  }
  issuer.server.close();
  return results;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [what, rows] of Object.entries(
    await benchMeasurements({ quick: process.argv.includes('--quick') }),
  )) {
    for (const { name, us, ratio } of rows) {
      console.log(
        `${what.padEnd(16)} ${name.padEnd(20)} ${us.median.toFixed(2)} µs  ${ratio.median.toFixed(3)}`,
      );
    }
  }
  process.exit(0);
}
