import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const declarations = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.d.ts'),
);

describe('the published types', () => {
  it('are there', () => {
    expect(declarations).toContain('index.d.ts');
  });

  it.each(declarations)('%s shows nothing internal', (name) => {
    expect(readFileSync(`${dist}${name}`, 'utf8')).not.toContain('@internal');
  });
});

describe('the packages that the published types import', () => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
    peerDependencies: Record<string, string>;
  };
  const imported = new Set(
    declarations.flatMap((name) =>
      [...readFileSync(`${dist}${name}`, 'utf8').matchAll(/(?:from|import\()\s*['"]([^.'"][^'"]*)['"]/g)].map(
        ([, specifier = '']) => /^(?:node:.*|(?:@[^/]+\/)?[^/]+)/.exec(specifier)?.[0] ?? specifier,
      ),
    ),
  );
  const packages = [...imported].filter((name) => !name.startsWith('node:'));

  it('are found', () => {
    expect(packages).toEqual(expect.arrayContaining(['@nestjs/common', 'rxjs']));
  });

  it.each(packages)('%s is installed with this one, and brings its own declarations', (name) => {
    expect({ ...dependencies, ...peerDependencies }).toHaveProperty([name]);
    const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
    const { resolvedModule } = ts.resolveModuleName(name, `${dist}index.d.ts`, options, ts.sys);
    expect(resolvedModule?.resolvedFileName).toMatch(/\.d\.[cm]?ts$/);
    expect(resolvedModule?.resolvedFileName).not.toContain('/@types/');
  });
});
