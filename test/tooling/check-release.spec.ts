import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-release.mjs', import.meta.url));
const URL_OF_REPOSITORY = 'git+https://github.com/acme/nestjs-identity-model.git';
const dayOf = (offset: number): string =>
  new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

interface Release {
  readonly manifest?: object;
  /** Version in the lock file. */
  readonly locked?: string;
  readonly changelog?: string;
  readonly tag?: string | undefined;
  /** Written after the commit. */
  readonly uncommitted?: string;
  /** Variables of GitHub Actions. */
  readonly env?: Record<string, string>;
}

const READY = `# Changelog\n\n## Unreleased\n\n## 0.2.0 - ${dayOf(0)}\n\n### Added\n\n- A thing.\n`;

/** Runs the check in a repository of its own that is ready to publish but for what is given. */
function check(release: Release): { status: number | null; output: string } {
  const { manifest = {}, locked = '0.2.0', changelog = READY, uncommitted, env = {} } = release;
  const tag = 'tag' in release ? release.tag : 'v0.2.0';
  const folder = mkdtempSync(path.join(tmpdir(), 'check-release-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const write = (name: string, text: string): void => {
    writeFileSync(path.join(folder, name), text);
  };
  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
      cwd: folder,
    });
  };
  write(
    'package.json',
    JSON.stringify({ version: '0.2.0', repository: { url: URL_OF_REPOSITORY }, ...manifest }),
  );
  write('package-lock.json', JSON.stringify({ version: locked }));
  write('CHANGELOG.md', changelog);
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'chore: release');
  if (tag !== undefined) git('tag', tag);
  if (uncommitted !== undefined) write('CHANGELOG.md', uncommitted);
  // A run of these tests in a workflow must not be taken for the run of a release.
  const { GITHUB_ACTIONS: _1, GITHUB_REF: _2, GITHUB_REPOSITORY: _3, ...own } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...own, ...env },
  });
  return { status, output: stdout + stderr };
}

const ON_GITHUB = {
  GITHUB_ACTIONS: 'true',
  GITHUB_REF: 'refs/tags/v0.2.0',
  GITHUB_REPOSITORY: 'acme/nestjs-identity-model',
};
const changelogOf = (heading: string): string => `# Changelog\n\n## ${heading}\n\n### Added\n\n- A thing.\n`;

describe('check-release', () => {
  it.each<[string, Release]>([
    ['from a work tree', {}],
    ['in the workflow of its tag', { env: ON_GITHUB, tag: undefined }],
    [
      'dated the day before, as a run after midnight finds it',
      { changelog: changelogOf(`0.2.0 - ${dayOf(-1)}`) },
    ],
    ['with the version in brackets', { changelog: changelogOf(`[0.2.0] - ${dayOf(0)}`) }],
  ])('lets a prepared release through, %s', (_, release) => {
    expect(check(release)).toEqual({ status: 0, output: 'ready to publish\n' });
  });

  it.each<[string, Release, string]>([
    ['an empty address', { manifest: { repository: { url: '' } } }, 'repository.url is ""'],
    ['no address', { manifest: { repository: undefined } }, 'repository.url is ""'],
    [
      'a placeholder',
      { manifest: { repository: { url: 'git+https://github.com/<owner>/x.git' } } },
      'repository.url',
    ],
    [
      'the address of another repository',
      { env: { ...ON_GITHUB, GITHUB_REPOSITORY: 'eve/fork' } },
      'runs in git+https://github.com/eve/fork.git',
    ],
    ['a second address', { manifest: { homepage: 'https://example.com' } }, 'remove them'],
    ['a prerelease', { manifest: { version: '0.2.0-rc.1' } }, 'not of the form 1.2.3'],
    ['a lock file of another version', { locked: '0.1.0' }, 'package-lock.json: version "0.1.0"'],
    ['no tag', { tag: undefined }, 'no tag v0.2.0'],
    ['the tag of another version', { tag: 'v0.3.0' }, 'no tag v0.2.0'],
    [
      'a workflow of another tag',
      { env: { ...ON_GITHUB, GITHUB_REF: 'refs/tags/v0.3.0' } },
      'of "refs/tags/v0.3.0"; expected the tag v0.2.0',
    ],
    [
      'a workflow of a branch',
      { env: { ...ON_GITHUB, GITHUB_REF: 'refs/heads/v0.2.0' } },
      'expected the tag',
    ],
    [
      'entries under Unreleased',
      { changelog: READY.replace('Unreleased\n', 'Unreleased\n\n### Fixed\n\n- Another.\n') },
      '"Unreleased" has entries',
    ],
    [
      'the changelog of another version',
      { changelog: changelogOf(`0.1.0 - ${dayOf(0)}`) },
      'newest section is "0.1.0',
    ],
    ['no date', { changelog: changelogOf('0.2.0') }, `expected "0.2.0 - ${dayOf(0)}"`],
    ['an old date', { changelog: changelogOf('0.2.0 - 2020-02-29') }, 'dated 2020-02-29'],
    ['a date to come', { changelog: changelogOf(`0.2.0 - ${dayOf(1)}`) }, `dated ${dayOf(1)}`],
    ['a section without entries', { changelog: `# Changelog\n\n## 0.2.0 - ${dayOf(0)}\n` }, 'has no entries'],
    ['an unknown group', { changelog: READY.replace('Added', 'Improved') }, 'not Improved'],
    ['a group without entries', { changelog: `${READY}\n### Fixed\n` }, 'a group has no entries'],
    [
      'changes that are not committed',
      { uncommitted: `${READY}- More.\n` },
      'not committed:\nM CHANGELOG.md',
    ],
  ])('refuses %s', (_, release, reason) => {
    const { status, output } = check(release);
    expect(output).toContain(reason);
    const count = output.match(/^- /gm)?.length;
    expect(output).toContain(`not published: ${count === 1 ? '1 reason' : `${String(count)} reasons`}\n`);
    expect(status).toBe(1);
  });

  it('is asked by npm publish', () => {
    const manifest = execFileSync('npm', ['pkg', 'get', 'scripts.prepublishOnly'], { encoding: 'utf8' });
    expect(JSON.parse(manifest)).toBe('node scripts/check-release.mjs');
  });
});
