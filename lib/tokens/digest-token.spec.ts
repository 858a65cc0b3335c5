import { expect, it } from 'vitest';
import { digestToken } from './digest-token.js';

it('is SHA-256 in base64url (FIPS 180-4, the example "abc")', () => {
  expect(digestToken('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
});
