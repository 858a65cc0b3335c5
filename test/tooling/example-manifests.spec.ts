import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findFaults, type Manifest } from '../../scripts/example-manifests.mjs';

const LIBRARY = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** A copy of one example, in which something was changed. */
function faultsAfter(change: (example: string) => void): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'manifests-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const example = path.join(folder, 'fastify');
  cpSync('examples/fastify', example, { recursive: true });
  change(example);
  return findFaults(folder, LIBRARY).map((fault) => fault.replaceAll(folder, ''));
}

const replace = (file: string, from: string, to: string) => (example: string) => {
  const target = path.join(example, file);
  writeFileSync(target, readFileSync(target, 'utf8').replace(from, to));
};

describe('examples', () => {
  it('name what they import, in the versions that the library is tested with', () => {
    expect(findFaults('examples', LIBRARY)).toEqual([]);
  });

  it.each([
    [
      'a file that is missing',
      (example: string) => rmSync(path.join(example, 'README.md')),
      /README.md is missing/,
    ],
    [
      'a package that is not named',
      replace('src/main.ts', 'import ', "import 'undici';\nimport "),
      /name undici$/,
    ],
    [
      'a peer that is not named',
      replace('package.json', '"passport"', '"lru-cache"'),
      /lack the peer passport/,
    ],
    [
      'another version',
      replace('package.json', '"passport": "^', '"passport": "^9'),
      /"passport" is "\^90\.7\.0"/,
    ],
    [
      'no range',
      replace('package.json', '"typescript": "^', '"typescript": "'),
      /expected a range of the form/,
    ],
  ])('are searched for %s', (_name, change, fault) => {
    expect(faultsAfter(change)).toContainEqual(expect.stringMatching(fault));
  });
});
