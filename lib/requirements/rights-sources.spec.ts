import { expect, it, onTestFinished } from 'vitest';
import { createModule } from '../../test/support/create-module.js';
import type { RightsSources } from './requirement.js';
import { RIGHTS_SOURCES } from './rights-sources.js';

const ISSUER = 'https://id.example.com';
const OTHER = 'https://other.example.com';

it('are those of the options, and of the issuer of a token', async () => {
  const module = await createModule({
    warmUp: 'off',
    audience: 'x',
    scopeClaim: 'permissions',
    scopeImplies: { a: ['b'] },
    clockToleranceMs: 7_000,
    issuers: [
      {
        issuer: ISSUER,
        rolesClaim: 'roles',
        audienceClaim: 'client_id',
        acrOrder: ['a', 'b'],
        stepUp: 'entra',
      },
      { issuer: OTHER },
    ],
  });
  onTestFinished(() => module.close());
  const rights = module.get<RightsSources>(RIGHTS_SOURCES);
  expect([rights.scopeClaim, rights.clockToleranceMs]).toEqual([['permissions'], 7_000]);
  expect(rights.scopeImplies.grants(new Set(['a']), 'b')).toBe(true);
  expect(Math.abs(rights.nowMs() - Date.now())).toBeLessThan(60_000);

  expect(rights.rolesClaimOf(ISSUER)).toBe('roles');
  expect(rights.audienceOf(ISSUER)).toEqual({ claim: 'client_id', accepted: ['x'] });
  expect(rights.authenticationOf(ISSUER)).toMatchObject({ acrOrder: ['a', 'b'], stepUp: 'entra' });
  expect(rights.rolesClaimOf(OTHER)).toBeUndefined();
  expect(rights.audienceOf(OTHER)).toEqual({ claim: 'aud', accepted: ['x'] });
  // Of an issuer that is gone since the validation.
  expect(rights.rolesClaimOf('https://gone.example')).toBeUndefined();
  expect(rights.audienceOf('https://gone.example')).toEqual({ claim: 'aud', accepted: [] });
  expect(rights.authenticationOf('https://gone.example')).toEqual({ acrOrder: [], stepUp: 'rfc9470' });
});
