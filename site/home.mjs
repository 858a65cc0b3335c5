// The first page, from the first screen of README.md.

/**
 * @param {string} readme
 * @returns {{ hero: object, features: { title: string, details: string }[] }}
 */
export function homeOf(readme) {
  const [screen = ''] = readme.split(/^## /m);
  const name = /^# (.+)$/m.exec(screen)?.[1] ?? '';
  const tagline = screen.split('\n\n')[1] ?? '';
  const bullets = screen.split(/^- /m).slice(1);
  const features = bullets.map((bullet) => {
    const [, title = '', details = ''] = /^\*\*(.+?)\*\*(.*)$/s.exec(bullet.replaceAll(/\s+/g, ' ')) ?? [];
    return { title: plain(title).replace(/\.$/, ''), details: sentence(plain(details)) };
  });
  if (name === '' || tagline === '' || features.length === 0)
    throw new Error('README.md has to begin with a title, a sentence, and a list of "- **Title.** Details"');
  return {
    hero: {
      name,
      tagline: plain(tagline.replaceAll('\n', ' ')),
      actions: [
        { theme: 'brand', text: 'Quick start', link: '/README#quick-start' },
        { theme: 'alt', text: 'Documentation', link: '/docs/' },
        { theme: 'alt', text: 'Migration', link: '/docs/migration/' },
      ],
    },
    features,
  };
}

/** Without links, emphasis and code. */
const plain = (/** @type {string} */ markdown) =>
  markdown
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll(/[*`]/g, '')
    .trim();

/** A title may end within its sentence: "**One guard for every transport**, with …". */
function sentence(/** @type {string} */ text) {
  const words = text.replace(/^[,;:]\s*/, '');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
