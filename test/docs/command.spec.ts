import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { USAGE } from '../../lib/cli/read-arguments.js';

it('docs/reference/command.md has the usage that the command prints', () => {
  const page = readFileSync(new URL('../../docs/reference/command.md', import.meta.url), 'utf8');
  expect(page).toContain(`\`\`\`text\n${USAGE.trimEnd()}\n\`\`\``);
});
