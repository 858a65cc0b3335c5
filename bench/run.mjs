// All benchmarks, with each target beside its figure. Usage: npm run bench [-- --quick]
// Writes bench/results/results.json and results.md, docs/images/validation.svg, and the figures in docs/performance.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { benchBatches } from './batches.mjs';
import { benchColdStart } from './cold-start.mjs';
import { benchImport } from './import-time.mjs';
import { benchMeasurements } from './measurements.mjs';
import { benchMemory } from './memory.mjs';
import { benchInProcess, benchRoutes } from './routes.mjs';
import { drawBars } from './svg-bars.mjs';
import { benchValidation } from './validation.mjs';

const quick = process.argv.includes('--quick');
const startedMs = performance.now();

// First, while nothing else has left anything behind.
const memory = await benchMemory();
const imports = await benchImport({ quick });
const coldStart = await benchColdStart({ quick });
const validation = await benchValidation({ quick });
const measurements = await benchMeasurements({ quick });
const batches = await benchBatches({ quick });
const inProcess = await benchInProcess({ quick });
const routes = await benchRoutes({ quick });

/** @param {string} workload @param {string} name */
const ratio = (workload, name) =>
  validation[workload]?.find((row) => row.name.startsWith(name))?.ratio ?? NaN;
/** @param {string} algorithm @param {number} size */
const batch = (algorithm, size) => batches.find((row) => row.algorithm === algorithm && row.size === size);
/** @param {string} guard @param {string} platform */
const route = (guard, platform = 'fastify') =>
  routes.find((row) => row.guard === guard && row.platform === platform && row.connections === 64);

/** @param {string} guard */
const added = (guard) => inProcess.find((row) => row.guard === guard)?.ofFloor ?? NaN;

/** @param {number} row */
const measuring = (row) => measurements['RS256']?.[row]?.ratio ?? NaN;
const SYNC = 'this module, validateSync';
const PEER = 'fast-jwt, sync';
const GLUE = 'passport-jwt';
/** @type {{ what: string, target: number, atLeast?: boolean, figure: number, unit: string }[]} */
const targets = [
  { what: 'validateSync RS256', target: 1.2, figure: ratio('RS256 valid', SYNC), unit: '× floor' },
  { what: 'validateSync ES256', target: 1.1, figure: ratio('ES256 valid', SYNC), unit: '× floor' },
  { what: 'validateSync EdDSA', target: 1.08, figure: ratio('EdDSA valid', SYNC), unit: '× floor' },
  {
    what: 'validate (async) RS256',
    target: 1.25,
    figure: ratio('RS256 valid', 'this module, validate'),
    unit: '× floor',
  },
  {
    what: 'validateSync against fast-jwt, sync, one PEM key',
    target: 1,
    figure: ratio('RS256 valid', SYNC) / ratio('RS256 valid', PEER),
    unit: '× its time',
  },
  {
    what: 'passport-jwt + jwks-rsa against validate',
    target: 10,
    atLeast: true,
    figure: ratio('RS256 valid', GLUE) / ratio('RS256 valid', 'this module, validate'),
    unit: '× its time',
  },
  {
    what: 'token-cache hit',
    target: 0.04,
    figure: ratio('RS256 valid', 'this module, token cache'),
    unit: '× floor',
  },
  ...['garbage', 'alg none', 'unknown issuer'].map((kind) => ({
    what: `refusing ${kind}`,
    target: 0.3,
    figure: ratio(`RS256 ${kind}`, SYNC),
    unit: '× floor',
  })),
  ...['expired', 'wrong audience'].map((kind) => ({
    what: `refusing ${kind}`,
    target: 0.5,
    figure: ratio(`RS256 ${kind}`, SYNC),
    unit: '× floor',
  })),
  {
    what: 'refusing a bad signature',
    target: 2,
    figure: ratio('RS256 bad signature', SYNC),
    unit: '× floor',
  },
  { what: 'the guard, added to a Fastify route', target: 2, figure: added('module'), unit: '× floor' },
  {
    what: 'the guard, added to a Fastify route, token-cache hits',
    target: 0.4,
    figure: added('token-cache'),
    unit: '× floor',
  },
  {
    what: 'passport-jwt + jwks-rsa, added to a Fastify route',
    target: 5,
    atLeast: true,
    figure: added('passport') / added('module'),
    unit: '× the guard',
  },
  {
    what: 'Fastify at 64 connections, RS256',
    target: 0.75,
    atLeast: true,
    figure: route('module')?.ofUnguarded ?? NaN,
    unit: 'of unguarded',
  },
  {
    what: 'Fastify at 64 connections, token-cache hits',
    target: 0.9,
    atLeast: true,
    figure: route('token-cache')?.ofUnguarded ?? NaN,
    unit: 'of unguarded',
  },
  {
    what: 'Fastify at 64 connections, p99',
    target: 3,
    figure: (route('module')?.p99Ms ?? NaN) / (route('none')?.p99Ms ?? NaN),
    unit: '× unguarded',
  },
  {
    what: 'batch of 1,000 ES256',
    target: 1.4,
    atLeast: true,
    figure: batch('ES256', 1_000)?.throughput ?? NaN,
    unit: '× a loop',
  },
  {
    what: 'batch of 1,000 ES256, event-loop delay p99',
    target: 10,
    figure: batch('ES256', 1_000)?.delayP99Ms ?? NaN,
    unit: 'ms',
  },
  ...(quick
    ? []
    : [
        {
          what: 'batch of 10,000 RS256',
          target: 0.95,
          atLeast: true,
          figure: batch('RS256', 10_000)?.throughput ?? NaN,
          unit: '× a loop',
        },
        {
          what: 'batch of 10,000 RS256, event-loop delay p99',
          target: 15,
          figure: batch('RS256', 10_000)?.delayP99Ms ?? NaN,
          unit: 'ms',
        },
      ]),
  {
    what: 'import of the root entry, against the packages it replaces',
    target: 1.5,
    figure: imports.oursMs / imports.stackMs,
    unit: '× their time',
  },
  {
    what: 'first token of a cold module, beyond two round trips of 20 ms',
    target: 5,
    figure: coldStart.beyondNetworkMs,
    unit: 'ms',
  },
  { what: 'requests of a cold module', target: 2, figure: coldStart.coldRequests, unit: 'requests' },
  { what: 'requests of a warm module', target: 0, figure: coldStart.warmRequests, unit: 'requests' },
  { what: 'measuring, against validateSync without it', target: 1.02, figure: measuring(1), unit: '×' },
  { what: 'measuring with prom-client', target: 1.05, figure: measuring(2), unit: '×' },
  { what: 'memory of an issuer with 3 keys', target: 5, figure: memory.issuerBytes / 1024, unit: 'KB' },
];

const show = (/** @type {number} */ value) =>
  Number.isInteger(value)
    ? String(value)
    : value < 0.1
      ? value.toFixed(3)
      : value < 10
        ? value.toFixed(2)
        : value.toFixed(0);
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node.js ${process.version}`;
const lines = [
  `Machine: ${machine}${quick ? ' (quick run)' : ''}. 1,000 distinct tokens of about 900 bytes.`,
  '',
  '| what | target | figure | |',
  '| --- | --- | --- | --- |',
  ...targets.map(({ what, target, atLeast = false, figure, unit }) => {
    const met = atLeast ? figure >= target : figure <= target;
    return `| ${what} | ${atLeast ? '≥' : '≤'} ${target} | ${show(figure)} ${unit} | ${met ? 'met' : 'not met'} |`;
  }),
];
for (const [workload, rows] of Object.entries(validation)) {
  lines.push('', `### ${workload}`, '', '| contender | µs | × floor |', '| --- | --- | --- |');
  for (const { name, us, ratio: times } of rows)
    lines.push(`| ${name} | ${us.toFixed(1)} | ${show(times)} |`);
}
for (const [workload, rows] of Object.entries(measurements)) {
  lines.push(
    '',
    `### What measuring costs: ${workload}`,
    '',
    '| what | µs | × without |',
    '| --- | --- | --- |',
  );
  for (const { name, us, ratio: times } of rows)
    lines.push(`| ${name} | ${us.toFixed(2)} | ${times.toFixed(3)} |`);
}
lines.push(
  '',
  '### A protected route',
  '',
  '| platform | connections | guard | requests/s | of unguarded | p99 ms |',
  '| --- | --- | --- | --- | --- | --- |',
);
for (const row of routes) {
  lines.push(
    `| ${row.platform} | ${row.connections} | ${row.guard} | ${Math.round(row.perSecond)} | ${show(row.ofUnguarded)} | ${row.p99Ms} |`,
  );
}
lines.push(
  '',
  '### A protected Fastify route in process',
  '',
  '| guard | adds µs | × floor |',
  '| --- | --- | --- |',
  ...inProcess.map((row) => `| ${row.guard} | ${row.addedUs.toFixed(1)} | ${show(row.ofFloor)} |`),
  '',
  '### Batches',
  '',
  '| algorithm | tokens | plain loop ms | batch ms | × a loop | event-loop delay p99 ms |',
  '| --- | --- | --- | --- | --- | --- |',
);
for (const row of batches) {
  lines.push(
    `| ${row.algorithm} | ${row.size} | ${row.loopMs.toFixed(1)} | ${row.batchMs.toFixed(1)} | ${show(row.throughput)} | ${row.delayP99Ms.toFixed(1)} |`,
  );
}
lines.push(
  '',
  `Memory: ${show(memory.issuerBytes / 1024)} KB an issuer with 3 keys, ${show(memory.tokenBytes / 1024)} KB each of 10,000 cached tokens.`,
  '',
  `Import of the root entry: ${imports.oursMs.toFixed(0)} ms of processor time, ${imports.stackMs.toFixed(0)} for the packages it replaces; once Nest is loaded, ${imports.oursAfterNestMs.toFixed(0)} and ${imports.stackAfterNestMs.toFixed(0)}.`,
  '',
  `Cold start over 20 ms of network: ${coldStart.coldMs.toFixed(1)} ms, of which ${coldStart.beyondNetworkMs.toFixed(1)} are not the provider's.`,
);
const report = `${lines.join('\n')}\n`;
// The guide shows all but the tables of the other workloads.
const summary = report.replaceAll(/### (?!RS256 valid|A protected route|Batches)[\s\S]*?(?=### |$)/g, '');
console.log(report);
console.log(`${Math.round((performance.now() - startedMs) / 1000)} s`);

mkdirSync('bench/results', { recursive: true });
if (!quick) {
  const guide = readFileSync('docs/performance.md', 'utf8');
  const marked = /(<!-- figures of npm run bench -->\n)[\s\S]*(\n<!-- end of figures -->)/;
  if (!marked.test(guide)) throw new Error('docs/performance.md has no place for the figures');
  writeFileSync(
    'docs/performance.md',
    guide.replace(marked, (_all, start, end) => `${String(start)}\n${summary}${String(end)}`),
  );
  writeFileSync('bench/results/results.md', report);
  writeFileSync(
    'bench/results/results.json',
    `${JSON.stringify({ machine, targets, validation, measurements, inProcess, routes, batches, imports, coldStart, memory }, undefined, 2)}\n`,
  );
  writeFileSync(
    'docs/images/validation.svg',
    drawBars({
      title: 'Validating one RS256 token, as multiples of the signature check alone',
      bars: (validation['RS256 valid'] ?? [])
        .toSorted((a, b) => a.ratio - b.ratio)
        .map(({ name, ratio: value }) => ({ name, value, own: name.startsWith('this module') })),
    }),
  );
}
process.exit(0);
