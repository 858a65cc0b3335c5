import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { messagesOf, proseOf, sourcesOf } from '../../scripts/prose-sources.mjs';

describe('what is read for words that are not plain English', () => {
  it('is a Markdown file as it is', () => {
    expect(proseOf('docs/index.md', '# A\n\nb\n')).toBe('# A\n\nb\n');
  });

  it('is the newest section of a changelog, on its lines', () => {
    const text = '# Changelog\n\nIntro.\n\n## 0.2.0\n\n- new\n\n## 0.1.0\n\n- old\n';
    expect(proseOf('CHANGELOG.md', text)).toBe('\n\n\n\n## 0.2.0\n\n- new\n\n');
  });

  it('is the JSDoc of code, on its lines', () => {
    const code =
      'const a = 1; // none\n/** One. */\nclass A {\n  /**\n   * Two,\n   * three.\n   */\n  b = "/** four */";\n}\n';
    expect(proseOf('lib/a.ts', code)).toBe('\nOne.\n\n\nTwo,\nthree.\n\n\n\n');
  });
});

it('is what code says in three words or more, on its lines', () => {
  const code = "const key = 'two words';\nfail('it is wrong' +\n  `, since ${key} is not here`);\n";
  expect(messagesOf('lib/a.ts', code)).toBe('\nit is wrong\nis not here\n');
});

it('are the files that an entry exports from', () => {
  const code = "export { A } from './a.js';\nexport type { B } from '../b/c.js';\nimport { d } from 'd';\n";
  expect(sourcesOf('lib/mcp/index.ts', code)).toEqual(['lib/mcp/a.ts', 'lib/b/c.ts']);
});

describe('scripts/word-list.json', () => {
  const { terms } = JSON.parse(readFileSync('scripts/word-list.json', 'utf8')) as {
    terms: (string | [pattern: string, instead: string])[];
  };
  const phrases = terms.filter((term) => typeof term !== 'string');

  it.each(phrases)('%s is a pattern, and what it proposes is not on the list', (pattern, instead) => {
    expect(() => new RegExp(pattern, 'i')).not.toThrow();
    const found = phrases.filter(([other]) => new RegExp(`^(?:${other})$`, 'i').test(instead));
    expect(found).toEqual([]);
  });

  // Without one, the rule looks for the empty word and does not end.
  it('has words whose spelling is checked', () => {
    expect(terms.filter((term) => typeof term === 'string').length).toBeGreaterThan(0);
  });
});
