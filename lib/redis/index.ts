export { redisStore, type RedisStoreOptions } from './redis-store.js';
export type { RedisClient } from './detect-client.js';
