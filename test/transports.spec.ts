import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, signToken } from './support/signing-key.js';
import { GRAPHQL_TRANSPORTS } from './support/transports/graphql.js';
import { HTTP_TRANSPORTS } from './support/transports/http.js';
import { MICROSERVICE_TRANSPORTS } from './support/transports/microservices.js';
import { SOCKET_TRANSPORTS } from './support/transports/sockets.js';
import type { Operation, Target, TransportUnderTest } from './support/transports/target.js';

const TRANSPORTS: readonly TransportUnderTest[] = [
  ...HTTP_TRANSPORTS,
  ...GRAPHQL_TRANSPORTS,
  ...SOCKET_TRANSPORTS,
  ...MICROSERVICE_TRANSPORTS,
];

const NOW_SEC = Math.floor(Date.now() / 1000);
const STRANGER = createKey('RS256', 'rsa-1');

type TokenOf = (provider: ProviderDouble) => string | undefined;
const none: TokenOf = () => undefined;
const good: TokenOf = (provider) => provider.token({ scope: 'orders:read orders:write' });
const expired: TokenOf = (provider) => provider.token({ exp: NOW_SEC - 3600 });
const forged: TokenOf = (provider) => signToken(STRANGER, provider.claims());
const garbage: TokenOf = () => 'garbage';

const ACCEPTED: readonly [name: string, operation: Operation, token: TokenOf, value: string][] = [
  ['a good token', 'me', good, 'user-1'],
  ['a good token with the scope', 'create', good, 'created'],
  ['nobody on a public one, and hands it no claims', 'open', none, 'undefined'],
  ['a bad token on a public one, unread', 'open', garbage, 'undefined'],
  ['a good token on a public one, unread', 'open', good, 'undefined'],
  ['nobody on an optional one', 'greet', none, 'stranger'],
  ['a good token on an optional one', 'greet', good, 'user-1'],
];

const REFUSED: readonly [name: string, operation: Operation, token: TokenOf, status: number, code: string][] =
  [
    ['no token', 'me', none, 401, 'token_missing'],
    ['garbage', 'me', garbage, 401, 'token_malformed'],
    ['a forged token', 'me', forged, 401, 'signature_invalid'],
    ['an expired token', 'me', expired, 401, 'token_expired'],
    ['no token where a scope is demanded', 'create', none, 401, 'token_missing'],
    ['a token without the scope', 'create', (provider) => provider.token(), 403, 'scope_missing'],
    ['a bad token on an optional one', 'greet', forged, 401, 'signature_invalid'],
    ['an expired token on an optional one', 'greet', expired, 401, 'token_expired'],
  ];

describe.each(TRANSPORTS)('$name', ({ start, hasCodes }) => {
  let provider: ProviderDouble;
  let target: Target;

  beforeAll(async () => {
    provider = await ProviderDouble.start();
    target = await start({ issuer: provider.issuer, audience: 'orders-api', warmUp: 'await' });
  });

  afterAll(async () => {
    await target.close();
    await provider.stop();
  });

  it.each(ACCEPTED)('lets in %s', async (_name, operation, token, value) => {
    expect(await target.call(operation, token(provider))).toEqual({ value });
  });

  it.each(REFUSED)('refuses %s', async (_name, operation, token, status, code) => {
    const expected = hasCodes ? { status, code } : { status };
    expect(await target.call(operation, token(provider))).toEqual(expected);
  });

  it('answers 503 while the provider is down and no keys are there, and still serves public ones', async () => {
    const down = await ProviderDouble.start();
    const token = good(down);
    await down.stop();
    const options = {
      issuer: down.issuer,
      audience: 'orders-api',
      warmUp: 'off',
      http: { retries: 0 },
    } as const;
    const cold = await start(options);
    try {
      const code = hasCodes ? { code: 'keys_unavailable' } : {};
      expect(await cold.call('me', token)).toEqual({ status: 503, ...code });
      expect(await cold.call('greet', token)).toMatchObject({ status: 503 });
      expect(await cold.call('open', token)).toEqual({ value: 'undefined' });
    } finally {
      await cold.close();
    }
  });
});
