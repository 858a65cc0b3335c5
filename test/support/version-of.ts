import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The numbers of an installed package: what a test may go by, and the library does not. */
export function versionOf(name: string): readonly number[] {
  const file = path.join(ROOT, 'node_modules', name, 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version.split('.').map((part) => Number.parseInt(part, 10));
}

export function isAtLeast(version: readonly number[], least: readonly number[]): boolean {
  const at = least.findIndex((part, index) => part !== version[index]);
  return at === -1 || (version[at] ?? 0) > (least[at] ?? 0);
}
