import { describe, expect, it } from 'vitest';
import { compareWithServer } from './compare-with-server.js';
import type { MismatchName } from './mismatches.js';

const RESOURCE = 'https://api.example.com/mcp';
const ENTRA = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0';

function compare(
  issuer: string,
  scopes: readonly string[],
  metadata: object = {},
  resource = RESOURCE,
): (MismatchName | undefined)[] {
  return compareWithServer(issuer, { ...metadata }, { resource, scopes })
    .filter(({ verdict }) => verdict !== 'ok')
    .map(({ mismatch }) => mismatch);
}

describe('compareWithServer', () => {
  it('foretells AADSTS9010010 of Entra ID', () => {
    const name = 'scopes_other_resource';
    expect(compare(ENTRA, ['api://notes/read'])).toContain(name);
    expect(compare(ENTRA, ['notes:read'])).toContain(name);
    expect(compare(ENTRA, [`${RESOURCE}x/read`])).toContain(name);
    expect(compare(ENTRA, [`${RESOURCE}/read`])).not.toContain(name);
    expect(compare(ENTRA, [`${RESOURCE}/read`], {}, `${RESOURCE}/`)).not.toContain(name);
    expect(compare(ENTRA, [`${RESOURCE}/read`], { scopes_supported: ['openid', 'x'] })).not.toContain(
      'scopes_unknown',
    );
    expect(compare('https://id.example.com', ['notes:read'])).not.toContain(name);
    const [finding] = compareWithServer(ENTRA, {}, { resource: RESOURCE, scopes: ['api://notes/read'] });
    expect(finding).toMatchObject({
      verdict: 'fault',
      text: expect.stringContaining('"api://notes/read"') as string,
      advice: expect.stringMatching(/AADSTS9010010.*application ID URI/) as string,
    });
  });

  it('does not take the scopes of a login for all that a provider has', () => {
    expect(compare('https://id.example.com', ['a'], { scopes_supported: ['openid', 'email'] })).toEqual([
      'audience_unsaid',
    ]);
    expect(compare('https://id.example.com', ['a'], { scopes_supported: 'a' })).toEqual(['audience_unsaid']);
    expect(compare('https://id.example.com', ['a'], { scopes_supported: ['openid', 'b'] })).toContain(
      'scopes_unknown',
    );
  });

  it('asks for PKCE only of servers where users log in', () => {
    expect(compare('https://id.example.com', [])).toEqual(['audience_unsaid']);
    const authorization_endpoint = 'https://id.example.com/auth';
    expect(compare('https://id.example.com', [], { authorization_endpoint })).toContain('pkce_unsaid');
    const plain = { authorization_endpoint, code_challenge_methods_supported: ['plain'] };
    expect(compare('https://id.example.com', [], plain)).toContain('pkce_missing');
    const said = { authorization_endpoint, code_challenge_methods_supported: 'S256' };
    expect(compare('https://id.example.com', [], said)).toContain('pkce_missing');
    const good = { authorization_endpoint, code_challenge_methods_supported: ['plain', 'S256'] };
    expect(compare('https://id.example.com', [], good)).toEqual(['audience_unsaid']);
  });

  it.each([
    [ENTRA, 'Entra ID', 'application ID URI'],
    ['https://sts.windows.net/11111111-2222-3333-4444-555555555555/', 'Entra ID', 'application ID URI'],
    ['https://acme.eu.auth0.com/', 'Auth0', 'compatibility profile'],
    [
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E',
      'Amazon Cognito',
      'audienceClaim',
    ],
    ['https://acme.okta.com/oauth2/default', 'Okta', 'custom authorization server'],
    ['https://acme.zitadel.cloud', 'Zitadel', 'project ids'],
    ['https://accounts.google.com', 'Google', 'opaque'],
    ['https://sso.example.com/realms/acme', 'Keycloak', 'audience mapper'],
  ])('says how %s comes to issue the audience', (issuer, name, advice) => {
    const finding = compareWithServer(issuer, {}, { resource: RESOURCE, scopes: [] }).at(-1);
    expect(finding).toMatchObject({
      mismatch: 'audience_by_provider',
      verdict: 'warning',
      text: `${issuer} is ${name}`,
      advice: expect.stringContaining(advice) as string,
    });
  });

  it('takes no host for a provider that only ends or begins like its own', () => {
    for (const issuer of [
      'https://evilauth0.com/',
      'https://auth0.com.evil.test/',
      'https://cognito-idp.evil.test/x',
    ]) {
      expect(compare(issuer, [])).toEqual(['audience_unsaid']);
    }
  });

  it('goes by the list of resources of a server that has one', () => {
    expect(compare('https://id.example.com', [], { protected_resources: [RESOURCE] })).toEqual([]);
    expect(compare('https://id.example.com', [], { protected_resources: [`${RESOURCE}/`] })).toEqual([
      'audience_unlisted',
    ]);
  });
});
