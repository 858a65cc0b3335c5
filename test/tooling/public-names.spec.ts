import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CURRENT, findUntold, readLines, readPublicNames, RELEASED } from '../../scripts/public-names.mjs';

const changelogOf = (entry: string): string =>
  `# Changelog\n\n## Unreleased\n\n- ${entry}\n\n## 0.2.0\n\n- \`held\`\n`;

describe('the public names', () => {
  it('are those of test/surface/public-names.txt: run "npm run surface", and tell CHANGELOG.md', async () => {
    const names = await readPublicNames();
    expect(names).toEqual(readLines(CURRENT));
    // One of each kind, lest a kind goes missing on both sides.
    for (const each of [
      '. IdentityModule.forRoot',
      '. IdentityAuthGuard.handleRequest',
      ". Profile='rfc9068'",
      ". UserEvent='user.refused'",
      './prometheus IdentityPrometheus.metrics',
      './opentelemetry IdentityOpenTelemetryModule.forRoot',
      './dashboard IdentityDashboardOptions.requiredScopes',
      './testing TestIssuer.start',
      'option jwks.unknownKidMaxWaitMs 5000',
      'error token_expired 401 invalid_token',
      'metric identity_access_denied_total issuer code',
      'opentelemetry identity.validate',
      'environment IDENTITY_HTTP_TIMEOUT_MS',
      'doctor --json',
    ])
      expect(names).toContain(each);
  });

  it('have no member that NestJS alone calls, or that is private', () => {
    const hidden = /\.(?:#.*|__.*|prototype|configure|on(?:Module|Application)\w+)$/;
    expect(readLines(CURRENT).filter((line) => hidden.test(line))).toEqual([]);
  });

  it('that differ from the last release are in CHANGELOG.md', () => {
    const changelog = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
    const hasRelease = existsSync(RELEASED);
    // A section below the newest one is of a release: RELEASING.md says how its names are kept.
    expect(hasRelease).toBe(changelog.split(/^## /m).length > 2);
    const released = readLines(hasRelease ? RELEASED : CURRENT);
    expect(findUntold(released, readLines(CURRENT), changelog)).toEqual([]);
  });
});

describe('the comparison with the last release', () => {
  const released = [
    '. JwksService.held',
    "./testing Misbehaviour='no keys'",
    'option jwks.ttlMs 60000',
    'error a_b 401',
  ];

  it.each([
    ['nothing changed', released, 'a', []],
    ['a name came and is told', [...released, '. JwksService.get'], '`JwksService.get()`', []],
    ['a name came', [...released, '. JwksService.get'], 'get, in prose alone, and `getKey`', ['get']],
    ['a name left', released.slice(1), '`JwksService` changed', ['held']],
    ['a default changed', [...released.slice(0, 2), 'option jwks.ttlMs 1', 'error a_b 401'], 'a', ['ttlMs']],
    [
      'a default changed and is told',
      [...released.slice(0, 2), 'option jwks.ttlMs 1', 'error a_b 401'],
      '`jwks.ttlMs`',
      [],
    ],
    ['a status changed', [...released.slice(0, 3), 'error a_b 403'], '`a_b_c`', ['a_b']],
    ['a text left', [released[0] ?? '', ...released.slice(2)], '`no key`', ['no keys']],
    ['a text left and is told', [released[0] ?? '', ...released.slice(2)], "`behave('no keys')`", []],
  ])('%s', (_, current, entry, untold) => {
    expect(findUntold(released, current, changelogOf(entry))).toEqual(untold);
  });
});
