import { describe, expect, it } from 'vitest';
import { nestAdd, type FileTree } from './nest-add.js';

const MODULE = `import { Module } from '@nestjs/common';
import { AppController } from './app.controller.js';

@Module({
  imports: [],
  controllers: [AppController],
  providers: [AppService],
})
export class AppModule {}
`;
const OPTIONS = { issuer: 'https://id.example.com', audience: 'orders-api' };
const MANIFEST = { type: 'module', dependencies: { '@nestjs/core': '^12.0.1' } };

/** Files in memory: the tree of the schematics themselves is used in scripts/check-nest-add.mjs. */
function runOn(given: Readonly<Record<string, string>>, options: object = {}) {
  const files = new Map(Object.entries({ 'package.json': JSON.stringify(MANIFEST), ...given }));
  const tree: FileTree = {
    exists: (file) => files.has(file),
    readText: (file) => files.get(file.replace(/^\//, '')) ?? '',
    create: (file, content) => void files.set(file, content),
    overwrite: (file, content) => void files.set(file, content),
    getDir: (folder) => ({
      visit: (visitor) =>
        [...files.keys()]
          .filter((file) => file.startsWith(`${folder}/`))
          .forEach((file) => visitor(`/${file}`)),
    }),
  };
  const messages: string[] = [];
  const tasks: object[] = [];
  const logger = { info: (text: string) => messages.push(text), warn: (text: string) => messages.push(text) };
  nestAdd({ ...OPTIONS, ...options })(tree, {
    logger,
    addTask: (task) => tasks.push(task.toConfiguration().options),
  });
  return { files: Object.fromEntries(files), messages, tasks };
}

describe('nest add', () => {
  it('adds the module, the guard in front of others, and a health check', () => {
    const { files } = runOn({ 'src/app.module.ts': MODULE });
    expect(files['src/app.module.ts']).toBe(`import { Module } from '@nestjs/common';
import { AppController } from './app.controller.js';
import { HealthModule } from './health/health.module.js';
import { IdentityAuthGuard, IdentityModule } from 'nestjs-identity-model';
import { APP_GUARD } from '@nestjs/core';

@Module({
  imports: [IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' }), HealthModule],
  controllers: [AppController],
  providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }, AppService],
})
export class AppModule {}
`);
    expect(files['src/health/health.module.ts']).toContain("from './health.controller.js'");
    expect(files['src/health/health.controller.ts']).toContain('IdentityHealthIndicator');
  });

  it('changes nothing when it runs again', () => {
    const { files } = runOn({ 'src/app.module.ts': MODULE });
    const again = runOn(files);
    expect(again.files).toEqual(files);
    expect(again.tasks).toEqual([]);
  });

  it.each([
    ['an empty object', '@Module({})', 'HealthModule'],
    ['no lists', '@Module({ exports: [A] })', 'imports: ['],
    ['a list on several lines', '@Module({\n  imports: [\n    A,\n  ],\n})', '    HealthModule,\n    A,\n'],
    [
      'no list of an inner object',
      '@Module({ exports: [B.with({ imports: [] })] })',
      'exports: [B.with({ imports: [] })] })',
    ],
    ['brackets in comments and strings', "@Module({ /* imports: { */ exports: ['}'] })", 'imports: ['],
  ])('edits %s', (_name, decorator, expected) => {
    const { files } = runOn({ 'src/app.module.ts': `${decorator}\nexport class AppModule {}\n` });
    expect(files['src/app.module.ts']).toContain(expected);
    expect(files['src/app.module.ts']).toContain('providers: [{ provide: APP_GUARD');
  });

  it.each([
    ['a list that is a variable', '@Module({ imports })'],
    ['a list that is a constant', '@Module({ imports: MODULES })'],
    ['metadata that is a constant', '@Module(metadata)'],
    ['two modules', '@Module({})\nclass A {}\n@Module({})'],
  ])('says what to add by hand to %s', (_name, decorator) => {
    const source = `${decorator}\nexport class AppModule {}\n`;
    expect(() => runOn({ 'src/app.module.ts': source })).toThrow(
      /add HealthModule to imports, IdentityModule.forRoot/,
    );
  });

  it('leaves alone what another file of the application has', () => {
    const auth =
      'providers: [{ provide: APP_GUARD, useClass: IdentityAuthGuard }], IdentityModule.forRootAsync({})';
    const { files, messages } = runOn({
      'src/app.module.ts': MODULE,
      'src/auth.module.ts': auth,
      'src/health/health.controller.ts': 'class HealthController {}',
    });
    expect(files['src/app.module.ts']).toBe(MODULE);
    expect(files['src/health/health.controller.ts']).toBe('class HealthController {}');
    expect(messages[0]).toMatch(/^src\/health\/health\.controller\.ts exists and stays as it is/);
  });

  it('adds the peers in the versions of the NestJS of the application', () => {
    const manifest = JSON.stringify({ dependencies: { '@nestjs/core': '^11.0.1' } });
    const files = { 'src/app.module.ts': MODULE, 'package.json': manifest, 'pnpm-lock.yaml': '' };
    const { files: result, tasks } = runOn(files);
    expect(JSON.parse(result['package.json'] ?? '')).toEqual({
      dependencies: {
        '@nestjs/core': '^11.0.1',
        '@nestjs/passport': '^11.0.5',
        '@nestjs/terminus': '^11.1.1',
        passport: '^0.7.0',
      },
    });
    // Without "type": "module" imports have no ending.
    expect(result['src/app.module.ts']).toContain("from './health/health.module'");
    expect(tasks).toEqual([{ command: 'install', packageManager: 'pnpm' }]);
    expect(runOn(files, { skipInstall: true }).tasks).toEqual([]);
  });

  it('writes what was answered as a string, whatever it is', () => {
    const { files } = runOn({ 'src/app.module.ts': MODULE }, { audience: "it's \\ a\nlist" });
    expect(files['src/app.module.ts']).toContain(String.raw`audience: 'it\'s \\ a list'`);
  });

  it('says which file is missing', () => {
    expect(() => runOn({})).toThrow('src/app.module.ts does not exist: name the root module with --module');
  });
});
