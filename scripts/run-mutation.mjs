// Mutates the files that decide, area by area, against the specs beside them: `npm run mutation -- tokens jwks`; a path
// instead of an area takes one file. Prints how many mutants are killed in each file, and fails below the goal.
import { readFileSync } from 'node:fs';
import { Stryker } from '@stryker-mutator/core';

const GOAL_PERCENT = 95;

const { mutate } = /** @type {{ mutate: readonly string[] }} */ (
  JSON.parse(readFileSync('stryker.config.json', 'utf8'))
);
const AREAS = [...new Set(mutate.flatMap((pattern) => /^lib\/(\w+)\//.exec(pattern)?.[1] ?? []))];
const isOf = (/** @type {string} */ area) => (/** @type {string} */ pattern) =>
  pattern.startsWith(`lib/${area}/`);

/** @param {string} area @param {readonly string[]} files @returns whether each file reaches the goal. */
async function run(area, files) {
  process.env['MUTATION_SPECS'] = `lib/${area}/**/*.spec.ts`;
  const results = await new Stryker({
    configFile: 'stryker.config.json',
    mutate: [...files, '!lib/**/*.spec.ts'],
    plugins: ['@stryker-mutator/*', './scripts/warm-mutation-runner.mjs'],
    testRunner: 'warm-vitest',
    jsonReporter: { fileName: `reports/mutation/${area}.json` },
    htmlReporter: { fileName: `reports/mutation/${area}.html` },
  }).runMutationTest();
  /** @type {Map<string, { killed: number, alive: number }>} */
  const counts = new Map();
  for (const { fileName, status } of results) {
    const count = counts.get(fileName) ?? { killed: 0, alive: 0 };
    if (status === 'Killed' || status === 'Timeout') count.killed++;
    if (status === 'Survived' || status === 'NoCoverage') count.alive++;
    counts.set(fileName, count);
  }
  return [...counts.values()].every(({ killed, alive }) => killed * 100 >= (killed + alive) * GOAL_PERCENT);
}

const chosen = process.argv.slice(2);
const areas = chosen.length > 0 ? chosen : AREAS;
for (const each of areas) {
  const [, area = each] = /^lib\/(\w+)\//.exec(each) ?? [];
  if (!AREAS.includes(area))
    throw new Error(`"${each}" is neither an area nor a file of one: ${AREAS.join(', ')}`);
  if (!(await run(area, each === area ? mutate.filter(isOf(area)) : [each]))) process.exitCode = 1;
}
