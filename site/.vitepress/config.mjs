import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { homeOf } from '../home.mjs';
import { deadLinksOf } from '../links.mjs';
import { adaptMarkdown, anchorOf, DOWNLOAD } from '../markdown.mjs';
import { apiSidebar, filesOfDocs, missingPages, sidebarOf } from '../pages.mjs';

const SITE = fileURLToPath(new URL('..', import.meta.url));
const ROOT = path.resolve(SITE, '..');
const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const { name, description, version, repository } = JSON.parse(read('package.json'));
const REPOSITORY = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');

const groups = sidebarOf(read);
const missing = missingPages(filesOfDocs(ROOT), groups);
if (missing.length > 0)
  throw new Error(`docs/index.md, or the index.md of a folder, has to list ${missing.join(', ')}`);
const BASE = process.env['SITE_BASE'] || '/';
const api = { text: 'API', link: '/api/' };
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16 2 4 7v9c0 7 5 12 12 14 7-2 12-7 12-14V7z" fill="#2f5fd0"/><path d="m10 16 4 4 8-8" fill="none" stroke="#fff" stroke-width="3"/></svg>';

/** Pages are outside of the folder in which Vue is installed. What renders them on the server imports it itself. */
const vueOfThisFolder = {
  name: 'vue-of-this-folder',
  enforce: 'pre',
  resolveId: (id, _, { ssr }) => (ssr && /^vue(?:$|\/)/.test(id) ? { id, external: true } : null),
};

export default {
  title: name,
  description,
  base: BASE,
  srcDir: '..',
  outDir: './dist',
  cacheDir: './.vitepress/cache',
  srcExclude: [
    '!(docs|site)/**/*.md',
    '!(README|CHANGELOG|SECURITY).md',
    'site/!(api)/**/*.md',
    'site/!(home).md',
  ],
  rewrites: { 'site/home.md': 'index.md', 'site/api/:path*': 'api/:path*' },
  cleanUrls: true,
  metaChunk: true,
  head: [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }],
  ],
  vite: {
    plugins: [vueOfThisFolder],
    server: { watch: { ignored: ['**/{dist,coverage,reports,.stryker-tmp}/**'] } },
  },
  markdown: {
    // The themes of VitePress have colours that are too faint on its background.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    anchor: { slugify: anchorOf },
    image: { lazyLoading: true },
    config: (md) => adaptMarkdown(md, { root: ROOT, repository: REPOSITORY }),
  },
  transformPageData: ({ relativePath, frontmatter }) =>
    relativePath === 'index.md'
      ? { frontmatter: { ...frontmatter, ...homeOf(read('README.md')) } }
      : undefined,
  buildEnd: ({ outDir }) => {
    // Grafana's dashboard, rules of alerts: pages link to them.
    cpSync(path.join(ROOT, 'docs'), path.join(outDir, 'docs'), {
      recursive: true,
      filter: (file) =>
        !path.extname(file) || DOWNLOAD.test(path.relative(ROOT, file).replaceAll(path.sep, '/')),
    });
    // VitePress refuses links to pages that do not exist. This refuses those to headings and files, too.
    const dead = deadLinksOf(outDir, BASE);
    if (dead.length > 0) throw new Error(`dead links:\n${dead.join('\n')}`);
  },
  themeConfig: {
    nav: [
      { text: 'Documentation', link: '/docs/', activeMatch: '^/(docs/|README|SECURITY)' },
      { ...api, activeMatch: '^/api/' },
      { text: version, link: '/CHANGELOG' },
    ],
    sidebar: {
      '/api/': apiSidebar(path.join(SITE, 'api')),
      '/': groups.map((group) =>
        group.text === 'Reference' ? { ...group, items: [...group.items, api] } : group,
      ),
    },
    outline: [2, 3],
    search: {
      provider: 'local',
      options: { _render: (source, env, md) => (isSearched(env.relativePath) ? md.render(source, env) : '') },
    },
    ...(REPOSITORY === '' ? {} : { socialLinks: [{ icon: 'github', link: REPOSITORY }] }),
  },
};

/** Decisions answer why, and the first page repeats README. */
function isSearched(page) {
  return page !== 'index.md' && !page.startsWith('docs/decisions/');
}
