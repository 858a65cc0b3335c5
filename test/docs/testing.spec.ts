import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it.each(['jest.config.js', 'resolver.cjs', 'jose.cjs'])(
  'docs/testing.md prints the %s that was run',
  (name) => {
    const [, printed] = read('docs/testing.md').split(`\`\`\`js\n// ${name}\n`);
    const code = read(`test/consumers/jest-ts/${name}`).replace(/^(\/\/.*\n)+/, '');
    expect(printed?.split('```')[0]).toBe(code);
  },
);
