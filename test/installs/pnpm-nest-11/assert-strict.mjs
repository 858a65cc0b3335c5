// Fails if packages below others could be loaded without being declared.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

for (const name of ['jwks-rsa', 'lru-cache', 'passport-jwt', 'undici']) {
  assert.equal(existsSync(`node_modules/${name}`), false, `node_modules/${name} is there`);
}
assert.equal(existsSync('node_modules/.pnpm/node_modules'), false, 'packages were hoisted');
