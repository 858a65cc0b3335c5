import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { IdentityError } from '../errors/identity-error.js';
import { checkMetadata, namedIssuerOf } from './check-metadata.js';

const ISSUER = 'https://id.example.com';
const EXPECTED = {
  metadataIssuer: ISSUER,
  documentUrl: `${ISSUER}/.well-known/openid-configuration`,
  allowInsecureOrigins: [],
};
const DOCUMENT = { issuer: ISSUER, jwks_uri: 'https://keys.example.net/jwks' };

const check = (document: unknown, expected: Partial<typeof EXPECTED> = {}): string | undefined =>
  codeOf(() => checkMetadata(document, { ...EXPECTED, ...expected }));

describe('checkMetadata', () => {
  it('takes a document with the expected issuer, and freezes it through and through', () => {
    const document = { ...DOCUMENT, response_types_supported: ['code'], mtls_endpoint_aliases: { a: ['b'] } };
    const metadata = checkMetadata(structuredClone(document), EXPECTED);
    expect(metadata).toEqual(document);
    expect(Object.isFrozen(metadata)).toBe(true);
    expect(Object.isFrozen(metadata['response_types_supported'])).toBe(true);
    expect(Object.isFrozen((metadata['mtls_endpoint_aliases'] as { a: string[] }).a)).toBe(true);
  });

  it.each([null, undefined, 'x', 1, [], [DOCUMENT]])('refuses %j, which is no object', (document) => {
    expect(check(document)).toBe('provider_response_invalid');
  });

  it.each([
    ['another', 'https://evil.example.com'],
    ['one with a trailing slash', `${ISSUER}/`],
    ['one in capitals', ISSUER.toUpperCase()],
    ['one with the default port', `${ISSUER}:443`],
    ['one with a space', ` ${ISSUER}`],
    ['a list', [ISSUER]],
    ['null', null],
    ['none', undefined],
  ])('refuses as issuer: %s', (_what, issuer) => {
    expect(check({ ...DOCUMENT, issuer })).toBe('issuer_mismatch');
  });

  it('compares with what the metadata are expected to say', () => {
    const metadataIssuer = 'https://login.example.com/{tenantid}/v2.0';
    expect(check({ ...DOCUMENT, issuer: metadataIssuer }, { metadataIssuer })).toBeUndefined();
    expect(check(DOCUMENT, { metadataIssuer })).toBe('issuer_mismatch');
  });

  it.each([undefined, null, 1, ['https://keys.example.net/jwks'], {}])(
    'refuses %j as jwks_uri',
    (jwksUri) => {
      expect(check({ ...DOCUMENT, jwks_uri: jwksUri })).toBe('provider_response_invalid');
    },
  );

  it.each([
    'http://keys.example.net/jwks',
    'http://127.0.0.1/jwks',
    'http://169.254.169.254/',
    'https://user:secret@keys.example.net/jwks',
    'file:///etc/passwd',
    '/jwks',
    '',
  ])('refuses keys from %j', (jwksUri) => {
    expect(check({ ...DOCUMENT, jwks_uri: jwksUri })).toBe('url_not_allowed');
  });

  it('takes keys from loopback for a provider on loopback, and from an origin that is allowed by name', () => {
    const documentUrl = 'http://localhost:3000/.well-known/openid-configuration';
    expect(check({ ...DOCUMENT, jwks_uri: 'http://127.0.0.1:3000/jwks' }, { documentUrl })).toBeUndefined();
    const document = { ...DOCUMENT, jwks_uri: 'http://idp.test/jwks' };
    const allowed = { ...EXPECTED, allowInsecureOrigins: ['http://idp.test'] };
    expect(codeOf(() => checkMetadata(document, allowed))).toBeUndefined();
  });

  it('takes no inherited member', () => {
    const inherited: unknown = JSON.parse(`{"__proto__":${JSON.stringify(DOCUMENT)}}`);
    expect(check(inherited)).toBe('issuer_mismatch');
  });

  it('judges no other member', () => {
    expect(check({ ...DOCUMENT, token_endpoint: 'http://other.example.org', x: null })).toBeUndefined();
  });

  it('repeats nothing that the document says', () => {
    const issuer = 'https://evil.example.com';
    expect(() => checkMetadata({ ...DOCUMENT, issuer }, EXPECTED)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(issuer) }),
    );
  });

  it('keeps what the document says beside the message, for those who show it to an operator', () => {
    const named = (issuer: unknown): unknown => {
      try {
        return checkMetadata({ ...DOCUMENT, issuer }, EXPECTED);
      } catch (error) {
        return namedIssuerOf(error);
      }
    };
    expect(named('https://other.example.com')).toBe('https://other.example.com');
    expect(named('x'.repeat(5_000))).toBe('x'.repeat(300));
    expect(named(undefined)).toBeNull();
    expect(namedIssuerOf(new IdentityError('provider_response_invalid'))).toBeUndefined();
    expect(namedIssuerOf('no error')).toBeUndefined();
  });
});
