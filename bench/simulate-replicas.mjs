// How many requests a provider sees from many replicas of an API: the real cache code over simulated time.
// Usage, after a build: node bench/simulate-replicas.mjs. Writes docs/images/replicas*.svg and bench/results/replicas.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { CacheCounters } from '../dist/cache/cache-stats.js';
import { RefreshingValue } from '../dist/cache/refreshing-value.js';
import { waitMessages } from '../dist/jwks/key-messages.js';
import { MissedIds } from '../dist/jwks/missed-ids.js';
import { RefreshPace } from '../dist/jwks/refresh-pace.js';
import { SharedRefreshes } from '../dist/jwks/shared-refreshes.js';
import { WaitingRoom } from '../dist/jwks/waiting-room.js';
import { drawChart } from './support/svg-chart.mjs';

const GRID_MS = 100;
const FETCH_MS = 100;
const TTL_MS = 600_000;
const MINUTE_MS = 60_000;
const ISSUER = 'https://id.example.com';

/** The same chance in each run. */
function createChance(seed = 1) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One time for all replicas; moments are on a grid, so that many events share a turn. */
class World {
  nowMs = 0;
  chance = createChance();
  up = true;
  /** Requests to the provider by second. */
  /** @type {Map<number, number>} */
  requests = new Map();
  /** @type {Map<number, Set<{ run: () => void }>>} */
  #moments = new Map();

  monotonicMs = () => this.nowMs;
  wallMs = () => this.nowMs;
  random = () => this.chance();

  schedule = (/** @type {() => void} */ run, /** @type {number} */ delayMs) => {
    const atMs = Math.ceil((this.nowMs + Math.max(delayMs, 1)) / GRID_MS) * GRID_MS;
    const event = { run };
    const moment = this.#moments.get(atMs);
    if (moment === undefined) this.#moments.set(atMs, new Set([event]));
    else moment.add(event);
    return () => this.#moments.get(atMs)?.delete(event);
  };

  async passTo(/** @type {number} */ endMs) {
    for (; this.nowMs < endMs; this.nowMs += GRID_MS) {
      const moment = this.#moments.get(this.nowMs);
      this.#moments.delete(this.nowMs);
      if (moment === undefined) continue;
      for (const { run } of moment) run();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** @returns {Promise<{ value: string, ttlMs: number }>} */
  fetch() {
    const second = Math.floor(this.nowMs / 1000);
    this.requests.set(second, (this.requests.get(second) ?? 0) + 1);
    const { up } = this;
    return new Promise((resolve, reject) => {
      this.schedule(() => {
        if (up) resolve({ value: 'keys', ttlMs: TTL_MS });
        else reject(new Error('down'));
      }, FETCH_MS);
    });
  }
}

/** One replica: a warm cache, and what waits for unknown key ids. */
function startReplica(/** @type {World} */ world) {
  const rules = {
    staleIfErrorMs: 24 * 60 * MINUTE_MS,
    refreshAheadRatio: 0.8,
    clock: world,
    counters: new CacheCounters(),
  };
  const cache = new RefreshingValue({ load: () => world.fetch() }, rules, true);
  const unknown = new SharedRefreshes({
    pace: new RefreshPace({ cooldownMs: 2_000, maxCooldownMs: 4_000 }),
    missed: new MissedIds({ firstMs: 2_000, mostMs: 5_000, clock: world }),
    room: new WaitingRoom(1_000),
    maxWaitMs: 5_000,
    fetchDeadlineMs: 10_000,
    clock: world,
    refresh: () => cache.refresh().then(() => ({ changed: true })),
    backoffLeftMs: () => cache.backoffLeftMs,
    messages: waitMessages(ISSUER, { maxWaiting: 1_000, unknownKidMaxWaitMs: 5_000 }),
  });
  cache.prefetch();
  return { cache, unknown };
}

/** Requests a second between two moments: the mean, and the most in one second. */
function rates(/** @type {World} */ world, /** @type {number} */ fromMs, /** @type {number} */ toMs) {
  let sum = 0;
  let peak = 0;
  for (let second = fromMs / 1000; second < toMs / 1000; second++) {
    const count = world.requests.get(second) ?? 0;
    sum += count;
    peak = Math.max(peak, count);
  }
  return { mean: sum / ((toMs - fromMs) / 1000), peak };
}

/** Start, steady state, rolling restart, rotation, outage and recovery, in this order. */
async function simulate(/** @type {number} */ count) {
  const world = new World();
  /** @type {ReturnType<typeof startReplica>[]} */
  const replicas = [];
  // A deployment brings all replicas up within five minutes.
  for (let index = 0; index < count; index++) {
    world.schedule(() => replicas.push(startReplica(world)), world.chance() * 5 * MINUTE_MS);
  }
  const phase = async (/** @type {number} */ minutes) => {
    const fromMs = world.nowMs;
    await world.passTo(fromMs + minutes * MINUTE_MS);
    return rates(world, fromMs, world.nowMs);
  };
  const start = await phase(5);
  await phase(60);
  const steady = await phase(60);

  // A tenth of the replicas each minute.
  for (let index = 0; index < count; index++) {
    world.schedule(
      () => {
        replicas[index]?.cache.close();
        replicas[index] = startReplica(world);
      },
      ((index / count) * 10 + 0.1) * MINUTE_MS,
    );
  }
  const restart = await phase(12);
  await phase(30);

  // The first token of the new key reaches each replica within some seconds.
  for (const { unknown } of replicas) {
    world.schedule(() => unknown.request('kid new'), -Math.log(1 - world.chance()) * 5_000);
  }
  const rotation = await phase(2);
  await phase(20);

  world.up = false;
  const outage = await phase(30);
  world.up = true;
  const recovery = await phase(5);
  const after = await phase(15);
  for (const { cache } of replicas) cache.close();
  return { count, world, phases: { start, steady, restart, rotation, outage, recovery, after } };
}

/** @type {Awaited<ReturnType<typeof simulate>>[]} */
const results = [];
for (const count of [1, 10, 100, 1_000, 10_000]) results.push(await simulate(count));

const names = /** @type {const} */ (['steady', 'start', 'restart', 'rotation', 'outage', 'recovery']);
const table = results.map(({ count, phases }) => ({ replicas: count, ...phases }));
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/replicas.json', `${JSON.stringify(table, undefined, 2)}\n`);

const powers = (/** @type {number} */ from, /** @type {number} */ to) =>
  Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
writeFileSync(
  'docs/images/replicas.svg',
  drawChart({
    title: 'Key set requests that a provider sees, most in one second',
    x: { label: 'replicas of the API', log: true, ticks: powers(0, 4) },
    y: { label: 'requests in a second', log: true, ticks: powers(0, 4) },
    series: names.map((name) => ({
      name,
      points: results.map(({ count, phases }) => /** @type {const} */ ([count, phases[name].peak])),
    })),
  }),
);

const thousand = results.find(({ count }) => count === 1_000);
if (thousand !== undefined) {
  const { requests } = thousand.world;
  const minutes = Math.ceil(Math.max(...requests.keys()) / 60);
  const mean = (/** @type {number} */ minute) => {
    let sum = 0;
    for (let second = minute * 60; second < (minute + 1) * 60; second++) sum += requests.get(second) ?? 0;
    return sum / 60;
  };
  writeFileSync(
    'docs/images/replicas-time.svg',
    drawChart({
      title: '1,000 replicas: start, restart (min 125), rotation (167), outage (189 to 219)',
      x: { label: 'minutes', ticks: Array.from({ length: 9 }, (_, index) => index * 30) },
      y: { label: 'requests a second, mean of a minute', ticks: [0, 20, 40, 60, 80] },
      series: [
        {
          name: 'key sets',
          points: Array.from(
            { length: minutes },
            (_, minute) => /** @type {const} */ ([minute, mean(minute)]),
          ),
        },
      ],
    }),
  );
}

for (const { replicas, ...phases } of table) {
  const cells = Object.entries(phases).map(
    ([name, { mean, peak }]) => `${name} ${mean.toFixed(3)}/s (peak ${peak})`,
  );
  console.log(`${replicas} replicas: ${cells.join(', ')}`);
}
