import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = `
import 'reflect-metadata';
import { Controller, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IdentityAuthGuard, IdentityModule } from ${JSON.stringify(path.join(ROOT, 'dist/index.js'))};

class Routes {}
Controller()(Routes);
UseGuards(IdentityAuthGuard)(Routes);
class App {}
const identity = IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'x', warmUp: 'off' });
Module({ imports: [identity], controllers: [Routes] })(App);
try {
  await NestFactory.create(App, { abortOnError: false, logger: false });
  console.log('started');
} catch (error) {
  console.log(error.code, error.message);
}
`;

/** Decorators come from the CommonJS build; guard and module, but for one, from the ES modules. */
const TWO_BUILDS = `
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import * as esm from ${JSON.stringify(path.join(ROOT, 'dist/index.js'))};

const cjs = createRequire(import.meta.url)(${JSON.stringify(path.join(ROOT, 'dist/commonjs/index.cjs'))});
const on = (decorator, type, name) => decorator(type.prototype, name, Object.getOwnPropertyDescriptor(type.prototype, name));
const start = async (decorate, guard = esm.IdentityAuthGuard, unguarded = 'error') => {
  class Orders { list() {} }
  Controller('orders')(Orders);
  on(Get(), Orders, 'list');
  decorate(Orders);
  class App {}
  const identity = esm.IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'x', warmUp: 'off', unguarded });
  const providers = [{ provide: APP_GUARD, useClass: guard }];
  Module({ imports: [identity], controllers: [Orders], providers })(App);
  try {
    const app = await NestFactory.create(App, { abortOnError: false, logger: false });
    await app.init();
    return 'started';
  } catch (error) {
    return String(error.code) + ' ' + error.message;
  }
};
const demanding = (copy) => (type) => on(copy.RequireScopes('orders:write'), type, 'list');
console.log(JSON.stringify({
  one: await start(demanding(esm)),
  method: await start(demanding(cjs)),
  class: await start((type) => cjs.RequireRoles('admin')(type)),
  public: await start((type) => cjs.Public()(type)),
  off: await start(demanding(cjs), esm.IdentityAuthGuard, 'off'),
  guard: await start(demanding(esm), cjs.IdentityAuthGuard),
}));
`;

let folder: string;

/** The packages of the repository, and a second copy of @nestjs/core, which the application imports. */
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'identity-copies-'));
  const packages = path.join(folder, 'node_modules');
  const link = (scope: string, but: string): void => {
    mkdirSync(path.join(packages, scope), { recursive: true });
    for (const name of readdirSync(path.join(ROOT, 'node_modules', scope))) {
      if (name === but) continue;
      symlinkSync(path.join(ROOT, 'node_modules', scope, name), path.join(packages, scope, name), 'junction');
    }
  };
  link('', '@nestjs');
  link('@nestjs', 'core');
  const core = path.join('@nestjs', 'core');
  cpSync(path.join(ROOT, 'node_modules', core), path.join(packages, core), { recursive: true });
  writeFileSync(path.join(folder, 'main.mjs'), MAIN);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('names a second copy of @nestjs/core, and the command that shows it', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(folder, 'main.mjs')]);
  expect(stdout).toMatch(
    /^module_duplicated The application runs on another copy of @nestjs\/core.*"npm ls @nestjs\/core"/s,
  );
});

it('does not start with decorators or a guard of another copy of this package', async () => {
  // From the repository, where there is one @nestjs/core.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', TWO_BUILDS], {
    cwd: ROOT,
  });
  const duplicated = (name: string): unknown =>
    expect.stringMatching(
      new RegExp(
        `^module_duplicated Decorators of another copy of nestjs-identity-model stand on ${name}; .*npm ls`,
        's',
      ),
    );
  expect(JSON.parse(stdout)).toEqual({
    one: 'started',
    method: duplicated('Orders\\.list'),
    class: duplicated('Orders'),
    public: duplicated('Orders'),
    off: duplicated('Orders\\.list'),
    guard: expect.stringMatching(/IdentityAuthGuard/),
  });
});
