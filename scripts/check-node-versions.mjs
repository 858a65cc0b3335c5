// Loads the built package on the lowest Node.js of each line that "engines" promises, by import and by require, alone and beside
// packages that share its dependencies, in both orders; each time it then fetches a key set. Before 20.19.5 and 22.15.0,
// Node.js refuses `require` of an ES module that is being loaded by an `import`: so the order decides.
// Usage: node scripts/check-node-versions.mjs [version…]
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

const { name, engines } = /** @type {{ name: string, engines: { node: string } }} */ (
  JSON.parse(readFileSync('package.json', 'utf8'))
);
const BESIDE = ['jose', 'jwks-rsa', '@nestjs/terminus'];
const lowest = engines.node.split('||').map((range) => /\d+\.\d+\.\d+/.exec(range)?.[0] ?? range);
const versions = process.argv.length > 2 ? process.argv.slice(2) : lowest;

const orders = [
  [name],
  ...BESIDE.flatMap((other) => [
    [other, name],
    [name, other],
  ]),
];
const FORMS = {
  import: (/** @type {string} */ from) => `import * as ${idOf(from)} from '${from}';`,
  require: (/** @type {string} */ from) => `const ${idOf(from)} = require('${from}');`,
};
const idOf = (/** @type {string} */ from) => from.replaceAll(/\W/g, '_');
const fetchKeys = `
  (async () => {
    const { NestFactory } = await import('@nestjs/core');
    const { IdentityModule, JwksService } = ${idOf(name)};
    const module = IdentityModule.forRoot({ issuer: process.env.ISSUER, audience: 'check', warmUp: 'off' });
    const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
    const { keys } = await app.get(JwksService).get();
    await app.close();
    if (keys.length !== 1) throw new Error(keys.length + ' keys');
  })();`;

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = createServer((request, response) => {
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }];
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(request.url === '/jwks' ? { keys } : { issuer, jwks_uri: `${issuer}/jwks` }));
});
await new Promise((resolve) => provider.listen(0, '127.0.0.1', () => resolve(undefined)));
const address = provider.address();
const issuer = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;

const run = promisify(execFile);
for (const version of versions) {
  const node = await pathOf(version);
  for (const [form, load] of Object.entries(FORMS)) {
    for (const packages of orders) {
      const program = `require('reflect-metadata'); ${packages.map(load).join(' ')} ${fetchKeys}`;
      const source = form === 'import' ? program.replace(/^require\(([^)]*)\)/, 'import $1') : program;
      const type = form === 'import' ? 'module' : 'commonjs';
      const args = [`--input-type=${type}`, '--eval', source];
      const what = `Node.js ${version}, ${form} ${packages.join(', then ')}`;
      try {
        await run(node, args, { env: { ...process.env, ISSUER: issuer }, timeout: 120_000 });
        console.log(`loads: ${what}`);
      } catch (error) {
        console.error(`FAILS: ${what}\n${String(error)}`);
        process.exitCode = 1;
      }
    }
  }
}
provider.close();
provider.closeAllConnections();

/** npm's package `node` brings each version of it. */
async function pathOf(/** @type {string} */ version) {
  const print = 'console.log(process.version, process.execPath)';
  const { stdout } = await run('npx', ['-y', '-p', `node@${version}`, '--', 'node', '--eval', print]);
  const [actual, file = ''] = stdout.trim().split(' ');
  if (actual !== `v${version}`) throw new Error(`npx brought Node.js ${actual} instead of ${version}`);
  return file;
}
