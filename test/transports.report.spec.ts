import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MetricsRecorder } from '../lib/metrics/metrics-recorder.js';
import { ProviderDouble } from './support/provider-double.js';
import { GRAPHQL_TRANSPORTS } from './support/transports/graphql.js';
import { HTTP_TRANSPORTS } from './support/transports/http.js';
import { MICROSERVICE_TRANSPORTS } from './support/transports/microservices.js';
import { SOCKET_TRANSPORTS } from './support/transports/sockets.js';
import type { Target } from './support/transports/target.js';

const TRANSPORTS = [
  ...HTTP_TRANSPORTS,
  ...GRAPHQL_TRANSPORTS,
  ...SOCKET_TRANSPORTS,
  ...MICROSERVICE_TRANSPORTS,
];

describe.each(TRANSPORTS)("requirementMode: 'report' over $name", ({ start, hasCodes }) => {
  let provider: ProviderDouble;
  let target: Target;

  beforeAll(async () => {
    provider = await ProviderDouble.start();
    target = await start({
      issuer: provider.issuer,
      audience: 'orders-api',
      warmUp: 'await',
      requirementMode: 'report',
    });
  });
  afterAll(async () => {
    await target.close();
    await provider.stop();
  });

  /** What was counted besides: the real counters go on to count. */
  let counted: unknown[][];
  beforeEach(() => {
    counted = vi.spyOn(MetricsRecorder.prototype, 'recordWouldDeny').mock.calls;
  });

  it('lets a token without the scope in, and counts it once', async () => {
    expect(await target.call('create', provider.token())).toEqual({ value: 'created' });
    expect(counted).toEqual([[provider.issuer, 'scope_missing', expect.stringMatching(/^(other|none)$/)]]);
  });

  it('counts nothing for one with the scope', async () => {
    const token = provider.token({ scope: 'orders:write' });
    expect(await target.call('create', token)).toEqual({ value: 'created' });
    expect(counted).toEqual([]);
  });

  it('lets in nobody without a token, or with a bad one', async () => {
    const refused = (code: string): object => (hasCodes ? { status: 401, code } : { status: 401 });
    expect(await target.call('create')).toEqual(refused('token_missing'));
    expect(await target.call('create', provider.token({ exp: 1 }))).toEqual(refused('token_expired'));
    expect(counted).toEqual([]);
  });
});
