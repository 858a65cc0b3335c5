import { execFileSync } from 'node:child_process';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  IdentityModule,
  JwksService,
  Public,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { IdentityPrometheus, IdentityPrometheusModule } from 'nestjs-identity-model/prometheus';
import { METRICS } from '../lib/prometheus/metric-names.js';
import { isInstalled } from './support/is-installed.js';
import { createApp, get, PLATFORMS, type Platform } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { readMetrics, type MetricFamily } from './support/read-metrics.js';
import { ProviderDouble } from './support/provider-double.js';

@Public()
@Controller('metrics')
class MetricsController {
  constructor(@Inject(IdentityPrometheus) private readonly prometheus: IdentityPrometheus) {}

  @Get() @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8') metrics(): Promise<string> {
    return this.prometheus.metrics();
  }
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Setup {
  provider: ProviderDouble;
  tokens: TokenValidationService;
  jwks: JwksService;
  scrape: () => Promise<string>;
}

async function start(
  options: Partial<IdentityModuleOptions> = {},
  platform: Platform = 'express',
  registry?: Registry,
): Promise<Setup> {
  const provider = await ProviderDouble.start();
  const identity: IdentityModuleOptions = {
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'await',
    jwks: { unknownKidCooldownMs: 1 },
    http: { retries: 0 },
    ...options,
  };
  const { app, url } = await createApp(platform, {
    imports: [IdentityModule.forRoot(identity), IdentityPrometheusModule.forRoot({ registry })],
    controllers: [MetricsController],
  });
  closers.push(
    () => provider.stop(),
    () => app.close(),
  );
  const scrape = async (): Promise<string> => {
    const response = await get(`${url}/metrics`);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    return response.text();
  };
  return { provider, scrape, tokens: app.get(TokenValidationService), jwks: app.get(JwksService) };
}

const seriesOf = (families: ReadonlyMap<string, MetricFamily>): string[] =>
  [...families.values()].flatMap(({ samples }) => [...samples.keys()]).toSorted();

describe.each(PLATFORMS)('GET /metrics on %s', (platform) => {
  it('tells what happened, in the text format', async () => {
    const { provider, tokens, scrape } = await start({}, platform);
    const { issuer } = provider;
    await tokens.validate(provider.token());
    await rejectionOf(tokens.validate(provider.token({ exp: 1 })));
    await rejectionOf(tokens.validate(provider.token(), { scopes: ['x'] }));
    await rejectionOf(tokens.validate(provider.token({ iss: 'https://evil.example' })));
    const families = readMetrics(await scrape());
    expect([...families.keys()].toSorted()).toEqual(
      Object.values(METRICS)
        .map(({ name }) => name)
        .toSorted(),
    );
    const value = (series: string): number | undefined => {
      for (const { samples } of families.values()) if (samples.has(series)) return samples.get(series);
      return undefined;
    };
    const validations = (of: string, result: string, verified: boolean): number | undefined =>
      value(
        `identity_token_validations_total{issuer="${of}",result="${result}",verified="${String(verified)}"}`,
      );
    expect(validations(issuer, 'ok', true)).toBe(1);
    expect(validations(issuer, 'token_expired', false)).toBe(1);
    expect(validations(issuer, 'scope_missing', true)).toBe(1);
    expect(validations(issuer, 'signature_invalid', false)).toBe(0);
    expect(validations('other', 'issuer_unknown', false)).toBe(1);
    expect(value('identity_cache_requests_total{cache="jwks",result="hit"}')).toBe(2);
    expect(value('identity_cache_entries{cache="discovery"}')).toBe(1);
    expect(value('identity_upstream_requests_total{endpoint="jwks",outcome="ok"}')).toBe(1);
    expect(value('identity_upstream_request_duration_seconds_count{endpoint="jwks"}')).toBe(1);
    expect(value(`identity_key_set_keys{issuer="${issuer}"}`)).toBe(1);
    expect(value(`identity_key_set_age_seconds{issuer="${issuer}"}`)).toBeGreaterThanOrEqual(0);
    expect(value(`identity_state{issuer="${issuer}",document="keys",state="fresh"}`)).toBe(1);
    expect(value(`identity_state{issuer="${issuer}",document="keys",state="stale"}`)).toBe(0);
    const duration = 'identity_token_validation_duration_seconds';
    expect(value(`${duration}_count{outcome="ok"}`)).toBe(1);
    expect(value(`${duration}_count{outcome="rejected"}`)).toBe(3);
    expect(value(`${duration}_bucket{le="+Inf",outcome="ok"}`)).toBe(1);
    expect(value(`${duration}_sum{outcome="ok"}`)).toBeGreaterThan(0);
  });
});

describe('the metrics', () => {
  it('have counts that grow from bucket to bucket', async () => {
    const { provider, tokens, scrape } = await start();
    for (let index = 0; index < 20; index++) await tokens.validate(provider.token());
    const text = await scrape();
    const counts = [
      ...text.matchAll(
        /^identity_token_validation_duration_seconds_bucket\{le="[^"]+",outcome="ok"\} (\d+)$/gm,
      ),
    ].map(([, count]) => Number(count));
    expect(counts).toHaveLength(20);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(20);
  });

  it('keep their series in a flood of made-up issuers, kids and results', async () => {
    const { provider, tokens, scrape } = await start();
    const before = seriesOf(readMetrics(await scrape()));
    for (let index = 0; index < 200; index++) {
      const name = String(index);
      await rejectionOf(tokens.validate(provider.token({ iss: `https://evil-${name}.example` })));
      expect(() => tokens.validateSync(provider.token({}, { kid: `made-up-${name}` }))).toThrow();
      await rejectionOf(tokens.validate(provider.token({ exp: index, aud: name })));
      await rejectionOf(tokens.validate(provider.token({}, { alg: `X${name}`, typ: name })));
      await rejectionOf(tokens.validate(`${name}.garbage`));
    }
    expect(seriesOf(readMetrics(await scrape()))).toEqual(before);
  });

  it('lose the series of a tenant that was driven out', async () => {
    const keys = await ProviderDouble.start();
    closers.push(() => keys.stop());
    const { tokens, scrape } = await start({
      issuer: undefined,
      issuers: (issuer: string) => ({ issuer, jwks: { keys: [keys.key.jwk] } }),
      allowedIssuers: (issuer: string) => issuer.startsWith('https://tenant-'),
      cache: { maxEntries: 2 },
    });
    const visit = (name: string): Promise<unknown> =>
      tokens.validate(keys.token({ iss: `https://tenant-${name}.example` }));
    await visit('a');
    await visit('b');
    expect(await scrape()).toContain('https://tenant-a.example');
    await visit('c');
    const text = await scrape();
    expect(text).not.toContain('https://tenant-a.example');
    expect(text).toContain('https://tenant-b.example');
    expect(text).toContain('https://tenant-c.example');
  });

  it('show a tenant by a name that steers no terminal', async () => {
    const keys = await ProviderDouble.start();
    closers.push(() => keys.stop());
    const { tokens, scrape } = await start({
      issuer: undefined,
      issuers: (issuer: string) => ({ issuer, jwks: { keys: [keys.key.jwk] } }),
      allowedIssuers: (issuer: string) => issuer.startsWith('https://tenant-'),
    });
    await tokens.validate(keys.token({ iss: 'https://tenant-a.example/\u001b[2J\u202e' }));
    const text = await scrape();
    expect(text).toContain('https://tenant-a.example/\\\\u001b[2J\\\\u202e');
    expect(text).not.toMatch(/(?!\n)\p{C}/u);
  });

  it('take one reading of the module a scrape, and a new one for the next', async () => {
    const { scrape, jwks } = await start();
    const readState = vi.spyOn(jwks, 'state');
    await scrape();
    expect(readState).toHaveBeenCalledTimes(1);
    await scrape();
    expect(readState).toHaveBeenCalledTimes(2);
  });

  it('tell an outage', async () => {
    const { provider, jwks, scrape } = await start();
    await provider.stop();
    await rejectionOf(jwks.refresh());
    expect(await scrape()).toContain('identity_upstream_requests_total{endpoint="jwks",outcome="network"} 1');
  });

  it('go into a registry of the application, and leave it at the end', async () => {
    const registry = new Registry();
    await start({}, 'express', registry);
    expect(registry.getMetricsAsArray()).toHaveLength(Object.keys(METRICS).length);
    await closers.pop()?.();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  it('hold neither a token nor a claim', async () => {
    const { provider, tokens, scrape } = await start();
    await tokens.validate(provider.token({ sub: 'secret-subject' }));
    await rejectionOf(tokens.validate(provider.token({ iss: 'https://secret.example' })));
    expect(() => tokens.validateSync(provider.token({}, { kid: 'secret-kid' }))).toThrow();
    expect(await scrape()).not.toMatch(/secret|user-1|eyJ/);
  });

  it.runIf(isInstalled('promtool'))('pass the lint of promtool', async () => {
    const { provider, tokens, scrape } = await start();
    await tokens.validate(provider.token());
    const input = await scrape();
    expect(execFileSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('');
    expect(() =>
      execFileSync('promtool', ['check', 'metrics'], { input: 'a 1\na 1\n', stdio: 'pipe' }),
    ).toThrow();
  });
});
