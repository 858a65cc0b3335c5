// Builds, tests and starts this project as its scripts do: those of `nest new` 11, without the command line of Nest.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');

const run = (file, ...args) =>
  execFileSync(process.execPath, [path.join('../node_modules', file), ...args], { stdio: 'inherit' });

run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
for (const jest of ['jest', 'jest-29']) {
  run(`${jest}/bin/jest.js`);
  run(`${jest}/bin/jest.js`, '--config', './test/jest-e2e.json');
}

// One copy in a process: `require`, which the compiler has made of imports, and `import` have the same class.
const { AppModule } = require('./dist/app.module');
const { NestFactory } = require('@nestjs/core');
const { IdentityModule } = require('nestjs-identity-model');
(async () => {
  assert.equal((await import('nestjs-identity-model')).IdentityModule, IdentityModule);
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  assert.equal((await fetch(await app.getUrl())).status, 401);
  await app.close();
})();
