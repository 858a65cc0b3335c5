// Refuses to publish a release that is not prepared: RELEASING.md says how to prepare one. `npm publish` runs it here
// (`prepublishOnly`), and so does .github/workflows/release.yml before its gates. Usage: node scripts/check-release.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const GROUPS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];
const DAY_MS = 24 * 60 * 60 * 1000;

const faults = [...checkManifest(), ...checkTag(), ...checkChangelog(), ...checkWorkTree()];
for (const fault of faults) console.error(`- ${fault}`);
const count = faults.length === 1 ? '1 reason' : `${faults.length} reasons`;
console.log(faults.length === 0 ? 'ready to publish' : `not published: ${count}`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** The version, and the one place that holds the address of the repository. */
function checkManifest() {
  const { version, repository, bugs, homepage } = readManifest();
  const url = repository?.url ?? '';
  const here = process.env['GITHUB_REPOSITORY'];
  const expected = `git+https://github.com/${here ?? ''}.git`;
  const lock = /** @type {{ version: string }} */ (JSON.parse(readFileSync('package-lock.json', 'utf8')));
  return [
    ...refuseIf(
      !/^\d+\.\d+\.\d+$/.test(version),
      `package.json: version "${version}" is not of the form 1.2.3`,
    ),
    ...refuseIf(
      lock.version !== version,
      `package-lock.json: version "${lock.version}" is not "${version}" of package.json; run "npm install --package-lock-only"`,
    ),
    ...refuseIf(
      !/^git\+https:\/\/[\w.-]+\/[\w./-]+\.git$/.test(url),
      `package.json: repository.url is "${url}"; write the public address there, git+https://<host>/<owner>/<name>.git`,
    ),
    // npm compares the two for provenance, after everything has been built.
    ...refuseIf(
      here !== undefined && url !== '' && url !== expected,
      `package.json: repository.url is "${url}", but this workflow runs in ${expected}`,
    ),
    ...refuseIf(
      bugs !== undefined || homepage !== undefined,
      'package.json: npm derives "bugs" and "homepage" from repository.url; remove them',
    ),
  ];
}

/** The tag says which commit a version is. */
function checkTag() {
  const expected = `v${readManifest().version}`;
  if (process.env['GITHUB_ACTIONS'] === 'true') {
    const ref = process.env['GITHUB_REF'] ?? '';
    return refuseIf(ref !== `refs/tags/${expected}`, `this run is of "${ref}"; expected the tag ${expected}`);
  }
  const tags = git('tag', '--points-at', 'HEAD').split('\n');
  return refuseIf(!tags.includes(expected), `the commit has no tag ${expected}`);
}

/** The newest section is of this version and of this day, has entries, and nothing waits above it. */
function checkChangelog() {
  const [, ...sections] = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m);
  const unreleased = sections.filter((text) => /^\[?Unreleased/i.test(text));
  const released = sections.find((text) => !unreleased.includes(text)) ?? '';
  const [heading = ''] = released.split('\n');
  const [, version, date] = /^\[?([^\]\s]+)\]? - (\d{4}-\d{2}-\d{2})$/.exec(heading) ?? [];
  const expected = readManifest().version;
  const groups = released.split(/^### /m).slice(1);
  const odd = groups.map((text) => text.split('\n')[0] ?? '').filter((name) => !GROUPS.includes(name));
  return [
    ...refuseIf(
      unreleased.some((text) => hasEntries(text)),
      `CHANGELOG.md: "Unreleased" has entries; move them to ${expected}`,
    ),
    ...refuseIf(
      version !== expected,
      `CHANGELOG.md: the newest section is "${heading}"; expected "${expected} - ${dayOf(0)}"`,
    ),
    // The day before, too: a run that begins in the evening, or waits for its approval, is still of the day it was prepared on.
    ...refuseIf(
      date !== undefined && date !== dayOf(0) && date !== dayOf(-1),
      `CHANGELOG.md: ${expected} is dated ${date}; today is ${dayOf(0)} (UTC)`,
    ),
    ...refuseIf(!hasEntries(released), `CHANGELOG.md: ${expected} has no entries`),
    ...refuseIf(odd.length > 0, `CHANGELOG.md: groups are ${GROUPS.join(', ')}; not ${odd.join(', ')}`),
    ...refuseIf(
      groups.some((text) => !hasEntries(text)),
      'CHANGELOG.md: a group has no entries; remove it',
    ),
  ];
}

/** What is published is what is committed. */
function checkWorkTree() {
  const changes = git('status', '--porcelain');
  return refuseIf(changes !== '', `the work tree has changes that are not committed:\n${changes}`);
}

/** @param {boolean} condition @param {string} fault @returns {string[]} */
function refuseIf(condition, fault) {
  return condition ? [fault] : [];
}

function readManifest() {
  return /** @type {{ version: string, repository?: { url?: string }, bugs?: unknown, homepage?: unknown }} */ (
    JSON.parse(readFileSync('package.json', 'utf8'))
  );
}

/** @param {string} text */
function hasEntries(text) {
  return /^[-*] /m.test(text);
}

/** @param {number} offset in days from today, UTC */
function dayOf(offset) {
  return new Date(Date.now() + offset * DAY_MS).toISOString().slice(0, 10);
}

/** @param {readonly string[]} args */
function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}
