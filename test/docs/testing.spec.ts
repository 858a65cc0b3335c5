import { readFileSync } from 'node:fs';
import * as testingModule from '@nestjs/testing';
import { expect, it } from 'vitest';
import * as kit from 'nestjs-identity-model/testing';
import { blocksBelow, runBlock } from './run-block.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it.each(['jest.config.js', 'resolver.cjs', 'jose.cjs'])(
  'docs/guides/testing.md prints the %s that was run',
  (name) => {
    const [, printed] = read('docs/guides/testing.md').split(`\`\`\`js\n// ${name}\n`);
    const code = read(`test/consumers/jest-ts/${name}`).replace(/^(\/\/.*\n)+/, '');
    expect(printed?.split('```')[0]).toBe(code);
  },
);

it('docs/guides/testing.md tests one controller, guard and requirements included', async () => {
  const [block = ''] = blocksBelow('docs/guides/testing.md', 'One controller');
  const code = `${read('test/docs/preludes/orders-controller.ts')}\n${block}`;
  const modules = { '@nestjs/testing': testingModule, 'nestjs-identity-model/testing': kit };
  const { statusFor } = runBlock(code, modules) as { statusFor: (scope: string) => Promise<number> };
  expect([await statusFor('orders:read'), await statusFor('orders:write')]).toEqual([200, 403]);
});
