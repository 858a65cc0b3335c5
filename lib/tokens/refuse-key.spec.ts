import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../options/resolve-options.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';
import { refuseKey } from './refuse-key.js';

function issuerNamed(issuer: string): ResolvedIssuer {
  const [resolved] = resolveOptions({ issuer, audience: 'orders-api' }, {}).issuers;
  if (resolved === undefined) throw new Error('no issuer');
  return resolved;
}

describe('refuseKey', () => {
  const issuer = issuerNamed('https://id.example.com');
  const NOT_FOUND = 'No key of https://id.example.com has the "kid" and "alg" of the token.';
  const INVALID = 'No key of https://id.example.com that fits the header verifies the signature.';

  it('says which, each time, and of each issuer', () => {
    for (let time = 0; time < 2; time++) {
      expect(refuseKey('key_not_found', issuer)).toMatchObject({ code: 'key_not_found', message: NOT_FOUND });
      expect(refuseKey('signature_invalid', issuer)).toMatchObject({
        code: 'signature_invalid',
        message: INVALID,
      });
    }
    const other = issuerNamed('https://other.example.com');
    expect(refuseKey('key_not_found', other).message).toContain('https://other.example.com');
  });

  it('clips a long name', () => {
    const long = issuerNamed(`https://id.example.com/${'x'.repeat(600)}`);
    expect(refuseKey('key_not_found', long).message.length).toBeLessThan(400);
  });
});
