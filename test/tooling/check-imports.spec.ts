import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findFaults } from '../../scripts/check-imports.mjs';

const check = (tree: Record<string, string>): string[] => findFaults(new Map(Object.entries(tree)));

describe('check-imports', () => {
  it('accepts imports into the own folder and to lower ranks', () => {
    const tree = {
      'index.ts': `export { IdentityModule } from './identity.module.js';`,
      'identity.module.ts': `import './identity.module-definition.js';`,
      'identity.module-definition.ts': `import type { Options } from './options/options.types.js';`,
      'http/http.ts': `import type { Http } from '../options/options.types.js'; export * from './retry.js';`,
      'options/options.types.ts': `import { Code } from '../errors/codes.js'; import { z } from 'zod';`,
      'http/retry.ts': '',
      'errors/codes.ts': `/** See {@link import('../http/http.js')}. */ // import '../http/http.js'`,
      'testing/index.ts': `import { IdentityModule } from '../index.js';`,
    };
    expect(check(tree)).toEqual([]);
  });

  it.each([
    ['a value import', `import { a } from '../jwks/a.js';`],
    ['a type import', `import type { A } from '../jwks/a.js';`],
    ['a re-export', `export { a } from '../jwks/a.js';`],
    ['a dynamic import', `const a = await import('../jwks/a.js');`],
    ['an inline type import', `type A = import('../jwks/a.js').A;`],
  ])('refuses %s of a higher rank', (_form, source) => {
    expect(check({ 'tokens/t.ts': source, 'jwks/a.ts': '' })).toEqual([
      'tokens/t.ts: "tokens" may not import from "jwks" (jwks/a.ts)',
    ]);
  });

  it('keeps the main entry free of what only a subpath brings', () => {
    expect(check({ 'index.ts': `export * from './dashboard/index.js';`, 'dashboard/index.ts': '' })).toEqual([
      'index.ts: "index" may not import from "dashboard" (dashboard/index.ts)',
    ]);
  });

  it('refuses imports between folders of one rank', () => {
    expect(check({ 'events/e.ts': `import '../http/h.js';`, 'http/h.ts': '' })).toEqual([
      'events/e.ts: "events" may not import from "http" (http/h.ts)',
    ]);
  });

  it('refuses cycles inside a folder, those of types included, and names their path', () => {
    const tree = {
      'jwks/a.ts': `import './b.js';`,
      'jwks/b.ts': `import type { C } from './c.js';`,
      'jwks/c.ts': `import type { B } from './b.js';`,
    };
    expect(check(tree)).toEqual(['cycle: jwks/b.ts -> jwks/c.ts -> jwks/b.ts']);
  });

  it('refuses a file that imports itself', () => {
    expect(check({ 'jwks/a.ts': `import './a.js';` })).toEqual(['cycle: jwks/a.ts -> jwks/a.ts']);
  });

  it('refuses a folder it does not know', () => {
    expect(check({ 'misc/a.ts': '' })).toEqual(['misc/a.ts: "misc" has no rank; give it one in RANKS']);
    expect(check({ 'stray.ts': '' })).toEqual(['stray.ts: "stray" has no rank; give it one in RANKS']);
  });

  it('refuses folder barrels', () => {
    expect(check({ 'jwks/index.ts': '', 'testing/deep/index.ts': '' })).toEqual([
      'jwks/index.ts: a folder barrel; import from the file that declares the name',
      'testing/deep/index.ts: a folder barrel; import from the file that declares the name',
    ]);
  });

  it('refuses the own package name, files outside lib and files that are not there', () => {
    const source = `import 'nestjs-identity-model'; import '../../test/t.js'; import './gone.js';`;
    expect(check({ 'jwks/a.ts': source })).toEqual([
      'jwks/a.ts: imports its own package',
      'jwks/a.ts: imports ../../test/t.js, which is no source file of the library',
      'jwks/a.ts: imports ./gone.js, which is no source file of the library',
    ]);
  });

  it('leaves specs alone, and refuses to import them', () => {
    const tree = { 'http/a.spec.ts': `import '../auth/b.js';`, 'auth/b.ts': `import '../http/a.spec.js';` };
    expect(check(tree)).toEqual([
      'auth/b.ts: imports ../http/a.spec.js, which is no source file of the library',
    ]);
  });

  describe('as a command', () => {
    const script = fileURLToPath(new URL('../../scripts/check-imports.mjs', import.meta.url));

    function run(tree: Record<string, string>) {
      const folder = mkdtempSync(path.join(tmpdir(), 'check-imports-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      for (const [name, text] of Object.entries(tree)) {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), text);
      }
      return spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
    }

    it('exits 0 for a clean tree', () => {
      expect(run({ 'errors/a.ts': '' })).toMatchObject({ status: 0, stdout: '1 files, 0 faults\n' });
    });

    it('exits 1 and prints the faults', () => {
      const { status, stderr } = run({ 'errors/a.ts': `import '../http/b.js';`, 'http/b.ts': '' });
      expect(status).toBe(1);
      expect(stderr).toBe('errors/a.ts: "errors" may not import from "http" (http/b.ts)\n');
    });

    it('exits 1 for a folder without sources', () => {
      expect(run({ 'README.md': '' })).toMatchObject({ status: 1 });
    });
  });
});
