import { Controller, Get, UseGuards } from '@nestjs/common';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityModule,
  IdentityStats,
  OptionalAuth,
  ProtectedResource,
  RequireScopes,
} from 'nestjs-identity-model';
import { IdentityOpenTelemetryModule } from 'nestjs-identity-model/opentelemetry';
import { IdentityPrometheus, IdentityPrometheusModule } from 'nestjs-identity-model/prometheus';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, get } from './support/create-app.js';
import { readMetrics } from './support/read-metrics.js';

const API = 'https://api.example.com';
const MCP = `${API}/mcp`;
const issuer = TestIssuer.inMemory({ audience: API });

@UseGuards(IdentityAuthGuard)
@Controller()
class Orders {
  @RequireScopes('orders:read', { mode: 'report' }) @Get('orders') list(): object {
    return {};
  }
  @OptionalAuth() @RequireScopes('orders:read', { mode: 'report' }) @Get('news') news(): object {
    return {};
  }
  @ProtectedResource(MCP) @Get('mcp') tools(): object {
    return {};
  }
  @UseGuards(IdentityAuthGuard) @ProtectedResource(MCP) @Get('mcp/twice') twice(): object {
    return {};
  }
}

interface Exported {
  readonly prometheus: (name: string) => Record<string, number>;
  readonly openTelemetry: (name: string) => unknown;
  readonly stats: IdentityStats;
}

/** Serves some calls, and exports what was counted. */
async function exportAfterCalls(resources: readonly { readonly url: string }[]): Promise<Exported> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const { app, url } = await createApp('express', {
    imports: [
      IdentityModule.forRoot(
        issuer.moduleOptions({ audience: undefined, resources, clientNames: { '0oa1': 'web shop' } }),
      ),
      IdentityPrometheusModule.forRoot(),
      IdentityOpenTelemetryModule.forRoot({ meterProvider, spans: false }),
    ],
    controllers: [Orders],
  });
  onTestFinished(async () => {
    await app.close();
    await meterProvider.shutdown();
  });
  const ask = async (path: string, audience: string, client_id: string): Promise<number> =>
    (await get(`${url}/${path}`, issuer.token({ audience, claims: { client_id } }))).status;
  expect(await ask('orders', API, '0oa1')).toBe(200);
  expect(await ask('orders', API, '0oa1')).toBe(200);
  for (let index = 0; index < 20; index++)
    expect(await ask('orders', API, `made-up-${String(index)}`)).toBe(200);
  expect((await get(`${url}/news`)).status).toBe(200);
  if (resources.length > 1) {
    expect(await ask('mcp', MCP, '0oa1')).toBe(200);
    // Two guards stand before it, and count a token once.
    expect(await ask('mcp/twice', MCP, '0oa1')).toBe(200);
    expect(await ask('mcp', API, '0oa1')).toBe(401);
  }
  const families = readMetrics(await app.get(IdentityPrometheus).metrics());
  await reader.forceFlush();
  const metrics = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((each) => each.metrics));
  return {
    prometheus: (name) => Object.fromEntries(families.get(name)?.samples ?? []),
    openTelemetry: (name) =>
      metrics
        .find(({ descriptor }) => descriptor.name === name)
        ?.dataPoints.map(({ attributes, value }) => [attributes, value]),
    stats: app.get(IdentityStats),
  };
}

describe('what would have been denied', () => {
  it('is exported by issuer, code and name of the client: tokens add no series', async () => {
    const { prometheus, openTelemetry } = await exportAfterCalls([{ url: API }, { url: MCP }]);
    const of = (labels: string): string => `identity_access_would_deny_total{${labels}}`;
    expect(prometheus('identity_access_would_deny_total')).toEqual({
      [of(`issuer="${issuer.issuer}",code="scope_missing",client="web shop"`)]: 2,
      [of(`issuer="${issuer.issuer}",code="scope_missing",client="other"`)]: 20,
      [of('issuer="other",code="token_missing",client="none"')]: 1,
    });
    const attributes = (of_: string, code: string, client: string): object => ({
      'identity.issuer': of_,
      'identity.code': code,
      'identity.client': client,
    });
    expect(openTelemetry('identity.access.would_deny')).toEqual([
      [attributes(issuer.issuer, 'scope_missing', 'web shop'), 2],
      [attributes(issuer.issuer, 'scope_missing', 'other'), 20],
      [attributes('other', 'token_missing', 'none'), 1],
    ]);
  });
});

describe('tokens for another resource', () => {
  it('are exported for each resource that is configured, beside those that were accepted', async () => {
    const { prometheus, openTelemetry, stats } = await exportAfterCalls([{ url: API }, { url: MCP }]);
    const of = (resource: string, result: string): string =>
      `identity_resource_tokens_total{resource="${resource}",result="${result}"}`;
    expect(prometheus('identity_resource_tokens_total')).toEqual({
      [of(API, 'accepted')]: 22,
      [of(API, 'mismatch')]: 0,
      [of(MCP, 'accepted')]: 2,
      [of(MCP, 'mismatch')]: 1,
    });
    expect(openTelemetry('identity.resource.tokens')).toEqual([
      [{ 'identity.resource': API, 'identity.result': 'accepted' }, 22],
      [{ 'identity.resource': API, 'identity.result': 'mismatch' }, 0],
      [{ 'identity.resource': MCP, 'identity.result': 'accepted' }, 2],
      [{ 'identity.resource': MCP, 'identity.result': 'mismatch' }, 1],
    ]);
    expect(stats.snapshot().resources).toEqual([
      { resource: API, tokens: 22, mismatches: 0 },
      { resource: MCP, tokens: 3, mismatches: 1 },
    ]);
  });
});
