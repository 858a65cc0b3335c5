// A replica: a process that decides about proofs over one Redis. Arguments: port, onStoreFailure. Reads lines `<proof> <ttlMs>`,
// and writes lines `<proof> <use> <milliseconds>`.
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { redisStore } from '../../dist/redis/index.js';
import { systemClock } from '../../dist/cache/clock.js';
import { ReplayGuard } from '../../dist/store/replay-guard.js';
import { SharedStore } from '../../dist/store/shared-store.js';

const [port = '', onStoreFailure = 'local'] = process.argv.slice(2);
const client = new Redis(Number(port), '127.0.0.1', { retryStrategy: () => 20 });
client.on('error', () => undefined);
const reporter = { report: () => undefined };
const guard = new ReplayGuard('dpop', {
  store: new SharedStore(redisStore(client), systemClock, reporter),
  onStoreFailure: onStoreFailure === 'refuse' ? 'refuse' : 'local',
  clock: systemClock,
  reporter,
});
await client.ping();
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [proof = '', ttlMs = ''] = line.split(' ');
  const start = performance.now();
  void Promise.resolve(guard.use(proof, Number(ttlMs))).then((use) =>
    console.log(`${proof} ${use} ${Math.round(performance.now() - start)}`),
  );
}
client.disconnect();
