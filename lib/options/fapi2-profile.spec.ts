import { describe, expect, it } from 'vitest';
import { optionIssues } from '../../test/support/option-issues.js';
import { resolveOptions } from './resolve-options.js';

const FAPI = {
  issuer: 'https://id.example.com',
  audience: 'orders-api',
  profile: 'fapi2',
  publicUrl: 'https://api.example.com',
};
const ALGORITHMS = ['PS256', 'ES256', 'EdDSA', 'Ed25519'];

describe("profile: 'fapi2'", () => {
  it('decides what is not given, and says so in one line', () => {
    const { senderConstrained, clockToleranceMs, issuers, dpop, decided } = resolveOptions(FAPI, {});
    expect({ senderConstrained, clockToleranceMs }).toEqual({
      senderConstrained: 'require',
      clockToleranceMs: 10_000,
    });
    expect(issuers.map(({ algorithms, profile }) => ({ algorithms, profile }))).toEqual([
      { algorithms: ALGORITHMS, profile: 'any' },
    ]);
    expect(dpop?.algorithms).toEqual(['ES256', 'EdDSA', 'Ed25519']);
    expect(decided).toEqual([
      "profile 'fapi2' (FAPI 2.0 Security Profile): senderConstrained 'require' with DPoP (ES256, EdDSA, Ed25519); " +
        'algorithms of tokens from PS256, ES256, EdDSA, Ed25519; clockToleranceMs 10000; tokens in the Authorization header only; ' +
        'an audience for each issuer; requirements of routes enforced; decided by the profile: senderConstrained, algorithms, ' +
        'clockToleranceMs. Whether a token was revoked is not known from it: keep tokens short-lived, or ask in "validate"',
    ]);
  });

  it('takes what is given if it fits', () => {
    const own = {
      senderConstrained: 'require',
      algorithms: ['PS256'],
      clockToleranceMs: 60_000,
      dpop: false,
      mtls: {},
    };
    const { publicUrl, ...rest } = FAPI;
    const { issuers, clockToleranceMs, decided } = resolveOptions({ ...rest, ...own }, {});
    expect([issuers[0]?.algorithms, clockToleranceMs]).toEqual([['PS256'], 60_000]);
    expect(decided[0]).toContain("senderConstrained 'require' with mTLS (socket); ");
    expect(decided[0]).not.toContain('decided by the profile');
    const members = [{ issuer: 'https://a.example', profile: 'rfc9068', algorithms: ['ES256'] }];
    const several = resolveOptions({ ...FAPI, issuer: undefined, issuers: members }, {});
    expect(several.issuers[0]).toMatchObject({ profile: 'rfc9068', algorithms: ['ES256'] });
    expect(resolveOptions({ ...FAPI, profile: 'any', senderConstrained: 'accept' }, {}).decided).toEqual([]);
  });

  it('needs what proofs need', () => {
    const { publicUrl, ...rest } = FAPI;
    expect(optionIssues(rest).join()).toMatch(/^publicUrl: is missing: senderConstrained: 'require'/);
    expect(optionIssues({ ...rest, dpop: false }).join()).toMatch(/^dpop: is false, and "mtls" is missing/);
  });

  const SOME = 'where it is some of PS256, ES256, EdDSA';
  const TOLERANCE = 'where it is from 10000 to 60000';
  const HEADER = 'where it is left out: tokens come in the Authorization header only';
  it.each<[path: string, options: object, demand: string]>([
    ['senderConstrained', { senderConstrained: 'accept' }, "where it is 'require'"],
    ['senderConstrained', { senderConstrained: 'reject' }, "where it is 'require'"],
    ['clockToleranceMs', { clockToleranceMs: 9_999 }, TOLERANCE],
    ['clockToleranceMs', { clockToleranceMs: 60_001 }, TOLERANCE],
    ['clockToleranceMs', { clockToleranceMs: 0 }, TOLERANCE],
    ['dpop.clockToleranceMs', { dpop: { clockToleranceMs: 9_999 } }, TOLERANCE],
    ['dpop.clockToleranceMs', { dpop: { clockToleranceMs: 60_001 } }, TOLERANCE],
    ['dpop.algorithms', { dpop: { algorithms: ['ES256', 'ES384'] } }, SOME],
    ['dpop.algorithms', { dpop: { algorithms: ['RS256'] } }, SOME],
    ['algorithms', { algorithms: ['PS256', 'RS256'] }, SOME],
    ['algorithms', { algorithms: ['PS512'] }, SOME],
    ['transports.tokenFromUrl', { transports: { tokenFromUrl: true } }, HEADER],
    ['transports.tokenFromPayload', { transports: { tokenFromPayload: true } }, HEADER],
    [
      'transports.tokenFromCookie',
      { transports: { tokenFromCookie: { name: 't', origins: ['https://app.example.com'] } } },
      HEADER,
    ],
    ['jwtFromRequest', { jwtFromRequest: () => null }, HEADER],
    ['acceptIdTokens', { acceptIdTokens: true }, 'where it is false'],
    ['requirementMode', { requirementMode: 'report' }, "where it is 'enforce'"],
    ['unguarded', { unguarded: 'warn' }, "where it is 'error'"],
    ['unguarded', { unguarded: 'off' }, "where it is 'error'"],
    ['audience', { audience: null }, 'where it is that of this API (RFC 8725 section 3.9)'],
    [
      'http.allowInsecureOrigins',
      { http: { allowInsecureOrigins: ['http://id.internal'] } },
      'where it is left out: the provider is reached over TLS',
    ],
  ])('refuses the contradiction of %s: %j', (path, options, demand) => {
    expect(optionIssues({ ...FAPI, ...options })).toEqual([
      `${path}: contradicts "profile": 'fapi2', ${demand}; leave one of them out`,
    ]);
  });

  it('judges each issuer, and the answers of a function', () => {
    const issuer = 'https://a.example';
    const wrong = { issuer, algorithms: ['RS256'], audience: null };
    const { issuer: _, ...rest } = FAPI;
    expect(optionIssues({ ...rest, issuers: [{ issuer: 'https://b.example' }, wrong] })).toEqual([
      expect.stringMatching(/^issuers\[1\]\.algorithms: contradicts/),
      expect.stringMatching(/^issuers\[1\]\.audience: contradicts/),
    ]);
    const resolved = resolveOptions({ ...rest, issuers: () => wrong, allowedIssuers: [issuer] }, {});
    expect(() => resolved.tenants?.resolve(wrong, issuer)).toThrow(
      /issuers\(\)\.algorithms: contradicts "profile": 'fapi2'/,
    );
    expect(resolved.tenants?.resolve({ issuer }, issuer).algorithms).toEqual(ALGORITHMS);
    expect(
      optionIssues({ ...rest, algorithms: ['RS256'], issuers: () => undefined, allowedIssuers: [issuer] }),
    ).toEqual([expect.stringMatching(/^algorithms: contradicts/)]);
  });

  it('is no profile of one issuer', () => {
    const { issuer, profile, ...rest } = FAPI;
    const members = [{ issuer, profile }];
    expect(optionIssues({ ...rest, issuers: members })).toEqual([
      'issuers[0].profile: \'fapi2\' is for the whole module: put it beside "issuers"',
    ]);
    const resolved = resolveOptions({ ...rest, issuers: () => members[0], allowedIssuers: [issuer] }, {});
    expect(() => resolved.tenants?.resolve(members[0], issuer)).toThrow(/is for the whole module/);
  });
});
