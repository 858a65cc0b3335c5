import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const lib = fileURLToPath(new URL('../../lib/', import.meta.url));
const sources = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.startsWith('transports/'));

it.each(sources)('%s asks a transport for its abilities, not for its name', (name) => {
  expect(readFileSync(`${lib}${name}`, 'utf8')).not.toMatch(/transport(Of\([^)]*\))?\.name|\.getType\b/);
});
