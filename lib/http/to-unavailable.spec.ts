import { describe, expect, it } from 'vitest';
import { toUnavailable } from './to-unavailable.js';

const ISSUER = 'https://id.example.com';

describe('what cannot be had', () => {
  it('says whose it is and why', () => {
    const error = toUnavailable('metadata_unavailable', ISSUER, new Error('status 500'));
    expect(error).toMatchObject({
      code: 'metadata_unavailable',
      message: `Nothing could be fetched from ${ISSUER}: status 500`,
    });
  });

  it('says it once where keys cannot be had because the metadata is missing', () => {
    const metadata = toUnavailable('metadata_unavailable', ISSUER, new Error('status 500'));
    expect(toUnavailable('keys_unavailable', ISSUER, metadata)).toMatchObject({
      code: 'keys_unavailable',
      message: `Nothing could be fetched from ${ISSUER}: status 500`,
      cause: metadata,
    });
  });
});
