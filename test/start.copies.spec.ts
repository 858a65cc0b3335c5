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
