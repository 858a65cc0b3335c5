import { describe, expect, it } from 'vitest';
import type { IdentityModuleOptions } from 'nestjs-identity-model';
import { printable } from '../../lib/model/printable.js';
import { PLATFORMS } from '../support/create-app.js';
import { createKey } from '../support/signing-key.js';
import { startDashboard } from '../support/start-dashboard.js';

/** Clears a terminal, in two ways, and turns the direction of writing. */
const STEERING = 'a\u001b[2J\u009b2J\u202eb';
const SHOWN = String.raw`a\u001b[2J\u009b2J\u202eb`;
const STATIC_KEYS: IdentityModuleOptions = {
  issuer: undefined,
  issuers: [
    { issuer: 'https://issuer.test', jwks: { keys: [createKey('ES256', STEERING).jwk] } },
    { issuer: 'https://broken.example', jwksUri: 'https://broken.example/jwks' },
  ],
  warmUp: 'off',
};

describe.each(PLATFORMS)('on %s, what providers and tokens say', (platform) => {
  it('steers nobody who reads an answer, and stays what it was', async () => {
    const dashboard = await startDashboard(platform, {
      dashboard: { dangerouslyUnprotected: 'everybody who reaches the path may see and use it' },
      identity: STATIC_KEYS,
    });
    const live = await dashboard.stream();
    const state = (await live.next('state')) as { issuers: { keys: { kid: string }[] }[] };
    expect(state.issuers.flatMap(({ keys }) => keys.map(({ kid }) => kid))).toContain(SHOWN);

    const token = dashboard.issuer.token({ claims: { [STEERING]: STEERING }, header: { kid: STEERING } });
    const answers = [
      await dashboard.get('/identity/data/snapshot'),
      await dashboard.post('/identity/data/explain', { token }),
      await dashboard.post('/identity/data/refresh', { issuer: 'https://broken.example' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 503]);
    for (const { text } of answers) expect(text).toBe(printable(text));
    expect(JSON.parse(answers[1]?.text ?? '')).toMatchObject({
      content: { header: { kid: STEERING }, unverifiedClaims: { [STEERING]: STEERING } },
    });
  });
});
