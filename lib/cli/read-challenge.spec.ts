import { expect, it } from 'vitest';
import { readChallenges } from './read-challenge.js';

const read = (header: string): unknown[] =>
  readChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

it.each<[string, unknown[]]>([
  ['', []],
  ['Bearer', [['bearer', {}]]],
  ['Bearer realm="a, b", x=1', [['bearer', { realm: 'a, b', x: '1' }]]],
  [
    'Basic realm="a", BEARER Resource_Metadata = "https://x/y"',
    [
      ['basic', { realm: 'a' }],
      ['bearer', { resource_metadata: 'https://x/y' }],
    ],
  ],
  [String.raw`Bearer realm="a\"b\\", x="y"`, [['bearer', { realm: 'a"b\\', x: 'y' }]]],
  ['Bearer a=1, a=2', [['bearer', { a: '1' }]]],
  [
    'Negotiate YII=, Bearer',
    [
      ['negotiate', { yii: '' }],
      ['bearer', {}],
    ],
  ],
  ['a=1, Bearer', [['bearer', {}]]],
  ['Bearer a="never ends', [['bearer', { a: '' }]]],
])('%j', (header, challenges) => {
  expect(read(header)).toEqual(challenges);
});

it('takes linear time', () => {
  const begun = performance.now();
  for (const text of [' ', ',', ' ,', 'a ', 'a=', '"', '\\', 'a="\\', '\t=']) {
    readChallenges(`Bearer ${text.repeat(200_000)}`);
    readChallenges(`Bearer x="${text.repeat(200_000)}`);
  }
  expect(performance.now() - begun).toBeLessThan(3_000);
});
