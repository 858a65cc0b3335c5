import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const filesIn = (folder: string): string[] =>
  readdirSync(path.join(ROOT, folder)).map((name) => `${folder}/${name}`);

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly needs?: string;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<
    Record<string, { readonly tags?: readonly string[]; readonly branches?: readonly string[] } | null>
  >;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** What is wrong with a workflow, whatever it is for. */
function faultsOf(text: string): string[] {
  const { on, permissions, jobs } = parse(text) as Workflow;
  const pins = text.split('\n').filter((line) => /\buses:/.test(line));
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const granted = Object.entries(jobs).flatMap(([name, job]) =>
    Object.entries(job.permissions ?? {}).map((entry) => `${name}: ${entry.join(' ')}`),
  );
  return [
    ...pins
      .filter((line) => !/^ +- uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))
      .map((line) => `not pinned: ${line.trim()}`),
    // Absent permissions are those of the repository's settings, which may be all.
    ...(/^(?:\{\}|\{"contents":"read"\})$/.test(JSON.stringify(permissions))
      ? []
      : ['permissions at the top']),
    ...granted.filter((each) => !/: contents read$|^publish: (?:id-token|pages) write$/.test(each)),
    // They run with the rights of the repository on what a stranger proposes.
    ...Object.keys(on).filter((name) =>
      ['pull_request_target', 'workflow_run', 'issue_comment'].includes(name),
    ),
    ...steps
      .filter(({ uses = '' }) => uses.startsWith('actions/checkout@'))
      .filter((step) => step.with?.['persist-credentials'] !== false)
      .map(() => 'the token stays in .git/config'),
    // A name of a branch or a title is text of a stranger, and would be read by the shell.
    ...steps.flatMap(({ run = '' }) => run.match(/\$\{\{.*?\}\}/g) ?? []),
    ...(/\bsecrets\b/.test(text) ? ['a secret'] : []),
  ];
}

const WORKFLOWS = filesIn('.github/workflows');

describe('the workflows', () => {
  it('are these', () => {
    expect(WORKFLOWS.map((file) => path.basename(file)).toSorted()).toEqual([
      'ci.yml',
      'release.yml',
      'site.yml',
    ]);
  });

  it.each(WORKFLOWS)('%s pins its actions and may do what it must', (file) => {
    expect(faultsOf(read(file))).toEqual([]);
  });

  it('pin the same commit everywhere, the one of RELEASING.md', () => {
    const pins = WORKFLOWS.flatMap((file) => [...read(file).matchAll(/uses: (\S+)@(\w+) # (\S+)/g)]);
    const listed = [...read('RELEASING.md').matchAll(/^\| `(actions\/[^`]+)` +\| (\S+) +\| `(\w+)`/gm)];
    const rows = pins.map(([, action, commit, tag]) => `${action ?? ''} ${tag ?? ''} ${commit ?? ''}`);
    expect([...new Set(rows)].toSorted()).toEqual(listed.map((row) => row.slice(1).join(' ')).toSorted());
  });

  const broken: readonly (readonly [string, string, string, string])[] = [
    ['a tag', ' # v7.0.1', '', 'not pinned'],
    ['a branch', '3d3c42e5aac5ba805825da76410c181273ba90b1', 'main', 'not pinned'],
    ['a major version in the comment', '# v7.0.1', '# v7', 'not pinned'],
    ['all rights', 'permissions: {}', 'permissions: write-all', 'permissions at the top'],
    ['the rights of the settings', 'permissions: {}\n', '', 'permissions at the top'],
    ['a right that it does not need', 'contents: read', 'contents: write', 'gates: contents write'],
    ['the site in another job', 'contents: read', 'pages: write', 'gates: pages write'],
    ['the identity in another job', 'contents: read', 'id-token: write', 'gates: id-token write'],
    ['a run on what strangers propose', '  push:', '  pull_request_target:\n  push:', 'pull_request_target'],
    ['a token that stays', 'persist-credentials: false', 'persist-credentials: true', 'the token stays'],
    ['text of strangers', 'run: .ci/run', 'run: echo ${{ github.ref }}', '${{ github.ref }}'],
    ['a secret', 'run: .ci/run', 'run: .ci/run\n        env: { A: "${{ secrets.NPM_TOKEN }}" }', 'a secret'],
  ];
  it.each(broken)('are refused with %s', (_, from, to, fault) => {
    const text = read('.github/workflows/release.yml');
    expect(text).toContain(from);
    expect(faultsOf(text.replace(from, to)).join('\n')).toContain(fault);
  });
});

describe('the release workflow', () => {
  const { on, jobs } = parse(read('.github/workflows/release.yml')) as Workflow;
  const commandsOf = (job: string): string[] =>
    (jobs[job]?.steps ?? []).flatMap(({ run = '' }) => (run === '' ? [] : [run]));

  it('runs for tags of versions only', () => {
    expect(on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } });
  });

  it('publishes after the check of the release and after everything else', () => {
    expect(Object.keys(jobs)).toEqual(['gates', 'publish']);
    expect(commandsOf('gates')).toEqual(['node scripts/check-release.mjs', '.ci/run']);
    expect(jobs['publish']?.needs).toBe('gates');
    expect(jobs['publish']?.environment).toBe('npm');
    expect(commandsOf('publish').at(-1)).toBe('npm publish --provenance --access public');
  });

  it('takes nothing from a cache that another workflow has filled', () => {
    const nodes = Object.values(jobs).flatMap(({ steps }) =>
      steps.filter(({ uses = '' }) => uses.includes('setup-node')),
    );
    expect(nodes.length).toBe(2);
    for (const node of nodes) {
      expect(node.with).toMatchObject({ 'package-manager-cache': false });
      expect(node.with).not.toHaveProperty('cache');
    }
  });
});

describe('the workflow of the documentation site', () => {
  const { on, jobs } = parse(read('.github/workflows/site.yml')) as Workflow;

  it('publishes the site of a version, which another job has built', () => {
    expect(on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] }, workflow_dispatch: null });
    expect(Object.keys(jobs)).toEqual(['build', 'publish']);
    expect(jobs['publish']).toMatchObject({ needs: 'build', environment: 'github-pages' });
    expect(jobs['publish']?.steps.map(({ uses = '' }) => uses.split('@')[0])).toEqual([
      'actions/deploy-pages',
    ]);
  });

  it('builds it as .ci/run does, and takes nothing from a cache that another workflow has filled', () => {
    const steps = jobs['build']?.steps ?? [];
    expect(steps.flatMap(({ run = '' }) => (run === '' ? [] : [run]))).toEqual([
      'npm ci --ignore-scripts',
      'npm run docs:build',
    ]);
    expect(read('.ci/run')).toContain(' npm run docs:build\n');
    expect(steps.find(({ uses = '' }) => uses.includes('setup-node'))?.with).toMatchObject({
      'package-manager-cache': false,
    });
  });
});

describe('the templates of .github', () => {
  const forms = filesIn('.github/ISSUE_TEMPLATE').filter((file) => !file.endsWith('config.yml'));

  it.each(forms)('%s is a form of GitHub', (file) => {
    const form = parse(read(file)) as {
      name: string;
      description: string;
      body: { type: string; id?: string }[];
    };
    expect(form.name).not.toBe('');
    expect(form.description).not.toBe('');
    const types = form.body.map(({ type }) => type);
    expect(
      types.filter((type) => !['markdown', 'textarea', 'input', 'dropdown', 'checkboxes'].includes(type)),
    ).toEqual([]);
    const ids = form.body.flatMap(({ type, id }) => (type === 'markdown' ? [] : [id ?? 'none']));
    expect(ids.length).toBeGreaterThan(2);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain('none');
  });

  it('ask who reports a bug for versions and the doctor, and not for secrets', () => {
    const text = read('.github/ISSUE_TEMPLATE/bug.yml');
    for (const each of ['doctor <issuer> --json', 'npm ls nestjs-identity-model', 'SECURITY.md'])
      expect(text).toContain(each);
    expect(text).toMatch(/There is no token, key, password or client secret/);
  });

  it('name no owner and no address as long as none is known', () => {
    const lines = read('.github/CODEOWNERS')
      .split('\n')
      .filter((line) => line !== '');
    const { repository } = JSON.parse(read('package.json')) as { repository: { url: string } };
    if (repository.url === '') expect(lines.filter((line) => !line.startsWith('#'))).toEqual([]);
    else expect(lines.filter((line) => line.includes('@owner'))).toEqual([]);
  });
});

describe('Dependabot', () => {
  interface Update {
    readonly 'package-ecosystem': string;
    readonly directory?: string;
    readonly directories?: readonly string[];
  }
  const { updates } = parse(read('.github/dependabot.yml')) as { updates: readonly Update[] };
  const watched = updates
    .filter((update) => update['package-ecosystem'] === 'npm')
    .flatMap(({ directory = [], directories = [] }) => [directory, directories].flat());

  it('watches each lock file of the repository, and the actions', () => {
    const locks = readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /^(?!.*node_modules).*package-lock\.json$/.test(name))
      .map((name) => `/test/${path.dirname(name)}`);
    expect(watched.toSorted()).toEqual(['/', '/site', ...locks].toSorted());
    expect(updates.map((update) => update['package-ecosystem'])).toContain('github-actions');
  });
});
