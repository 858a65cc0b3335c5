// Checks the words of the documents against word-list.json: npm run lint:prose [-- files]
// @textlint/kernel and not the command of textlint, which brings a server and a hundred packages more.
import { readdirSync, readFileSync } from 'node:fs';
import { TextlintKernel } from '@textlint/kernel';
import markdown from '@textlint/textlint-plugin-markdown';
// @ts-expect-error -- it has no types
import terminology from 'textlint-rule-terminology';
import { messagesOf, proseOf, sourcesOf } from './prose-sources.mjs';

const listed = (/** @type {string} */ folder, /** @type {string} */ end) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);

const named = process.argv.slice(2);
/** All whose messages users may see. */
const sources = listed('lib', '.ts').filter((name) => !name.endsWith('.spec.ts'));
/** What editors and the reference show: the sources that an entry of the package exports from. */
const exported = ['lib/index.ts', ...listed('lib', '/index.ts')].flatMap((entry) =>
  sourcesOf(entry, readFileSync(entry, 'utf8')),
);
/** Records of decisions are of their day. */
const files =
  named.length > 0
    ? named
    : [
        'README.md',
        'CHANGELOG.md',
        'SECURITY.md',
        ...listed('docs', '.md').filter((name) => !name.startsWith('docs/decisions/')),
        ...new Set(exported),
      ];
const { terms } = /** @type {{ terms: (string | string[])[] }} */ (
  JSON.parse(readFileSync(new URL('word-list.json', import.meta.url), 'utf8'))
);

/** @type {unknown} */
const untyped = terminology;
const rule = /** @type {import('@textlint/kernel').TextlintKernelRule['rule']} */ (untyped);
const kernel = new TextlintKernel();
let found = 0;

async function check(/** @type {string} */ file, /** @type {string} */ text) {
  const { messages } = await kernel.lintText(text, {
    ext: '.md',
    filePath: file,
    plugins: [{ pluginId: 'markdown', plugin: markdown.default }],
    rules: [{ ruleId: 'terminology', rule, options: { terms, defaultTerms: false } }],
  });
  for (const { line, column, message } of messages) console.error(`${file}:${line}:${column} ${message}`);
  found += messages.length;
}

for (const file of files) await check(file, proseOf(file, readFileSync(file, 'utf8')));
for (const file of named.length > 0 ? named : sources)
  if (file.endsWith('.ts')) await check(file, messagesOf(file, readFileSync(file, 'utf8')));
console.log(`${files.length} files, and messages of ${sources.length}: ${found} words to replace`);
process.exitCode = found === 0 ? 0 : 1;
