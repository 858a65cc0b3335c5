import { Controller, Get, UseGuards, type INestApplication } from '@nestjs/common';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityModule,
  JwksService,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { IdentityOpenTelemetryModule } from 'nestjs-identity-model/opentelemetry';
import { createApp, get } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';

@UseGuards(IdentityAuthGuard)
@Controller('orders')
class OrdersController {
  @Get() list(): unknown {
    return [];
  }
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Setup {
  app: INestApplication;
  url: string;
  provider: ProviderDouble;
  spans: InMemorySpanExporter;
  tracerProvider: BasicTracerProvider;
  collect: () => Promise<Map<string, { attributes: unknown; value: unknown }[]>>;
}

async function start(
  prepare?: Parameters<typeof createApp>[2],
  traced = true,
  options: Partial<IdentityModuleOptions> = {},
): Promise<Setup> {
  const provider = await ProviderDouble.start();
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const { app, url } = await createApp(
    'express',
    {
      imports: [
        IdentityModule.forRoot({
          issuer: provider.issuer,
          audience: 'orders-api',
          warmUp: 'await',
          http: { retries: 0 },
          ...options,
        }),
        IdentityOpenTelemetryModule.forRoot({ tracerProvider, meterProvider, spans: traced }),
      ],
      controllers: [OrdersController],
    },
    prepare,
  );
  closers.push(
    () => provider.stop(),
    () => meterProvider.shutdown(),
    () => tracerProvider.shutdown(),
    () => app.close(),
  );
  const collect: Setup['collect'] = async () => {
    exporter.reset();
    await reader.forceFlush();
    const all = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return new Map(
      all.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ attributes, value }) => ({ attributes, value })),
      ]),
    );
  };
  return { app, url, provider, spans, tracerProvider, collect };
}

describe('nestjs-identity-model/opentelemetry', () => {
  it('names a tenant so that its name steers no terminal', async () => {
    const keys = await ProviderDouble.start();
    closers.push(() => keys.stop());
    const { app, spans, collect } = await start(undefined, true, {
      issuer: undefined,
      issuers: (issuer: string) => ({ issuer, jwks: { keys: [keys.key.jwk] } }),
      allowedIssuers: (issuer: string) => issuer.startsWith('https://tenant-'),
    });
    await app
      .get(TokenValidationService)
      .validate(keys.token({ iss: 'https://tenant-a.example/\u001b[2J\u202e' }));
    const shown = 'https://tenant-a.example/\\u001b[2J\\u202e';
    expect(spans.getFinishedSpans().map(({ attributes }) => attributes['identity.issuer'])).toEqual([shown]);
    const text = JSON.stringify([...(await collect())]);
    expect(text).toContain(JSON.stringify(shown));
    expect(text).not.toContain('\u202e');
  });

  it('makes spans of validations and requests, with the names of the conventions', async () => {
    const { app, provider, spans } = await start();
    const tokens = app.get(TokenValidationService);
    spans.reset();
    await tokens.validate(provider.token());
    await rejectionOf(tokens.validate(provider.token({ exp: 1 })));
    provider.respond(provider.jwksPath, 503);
    await rejectionOf(app.get(JwksService).refresh());
    const told = spans.getFinishedSpans().map(({ name, kind, attributes, status }) => ({
      name,
      kind,
      attributes,
      status: status.code,
    }));
    const address = new URL(provider.issuer);
    expect(told).toEqual([
      {
        name: 'identity.validate',
        kind: 0,
        status: 0,
        attributes: {
          'identity.issuer': provider.issuer,
          'identity.result': 'ok',
          'identity.verified': true,
        },
      },
      {
        name: 'identity.validate',
        kind: 0,
        status: 0,
        attributes: {
          'identity.issuer': provider.issuer,
          'identity.result': 'token_expired',
          'identity.verified': false,
        },
      },
      {
        name: 'identity.fetch',
        kind: 2,
        status: 2,
        attributes: {
          'identity.endpoint': 'jwks',
          'http.request.method': 'GET',
          'http.response.status_code': 503,
          'server.address': address.hostname,
          'server.port': Number(address.port),
          'url.scheme': 'http',
          'url.path': '/jwks',
          'error.type': 'server_error',
        },
      },
    ]);
  });

  it('makes an error of what the operator can mend, not of a token that anybody can send', async () => {
    const { app, provider, spans } = await start();
    const tokens = app.get(TokenValidationService);
    provider.respond(provider.jwksPath, 503);
    spans.reset();
    await rejectionOf(tokens.validate('no token at all'));
    await rejectionOf(tokens.validate(provider.token({ aud: 'another-api' })));
    await rejectionOf(tokens.validate(provider.token({}, { kid: 'not-known-yet' })));
    const told = spans
      .getFinishedSpans()
      .filter(({ name }) => name === 'identity.validate')
      .map(({ attributes, status }) => [
        attributes['identity.result'],
        status.code,
        attributes['error.type'],
      ]);
    expect(told).toEqual([
      ['token_malformed', 0, undefined],
      ['audience_mismatch', 0, undefined],
      ['keys_unavailable', 2, 'keys_unavailable'],
    ]);
  });

  it('hangs each span below the request that it belongs to, many at a time', async () => {
    const manager = new AsyncLocalStorageContextManager().enable();
    context.setGlobalContextManager(manager);
    const made: Setup[] = [];
    const setup = await start((app) => {
      app.use((request: { url: string }, _response: unknown, next: () => void) => {
        const span = made[0]?.tracerProvider.getTracer('test').startSpan(request.url);
        if (span === undefined) return;
        context.with(trace.setSpan(context.active(), span), next);
        span.end();
      });
    });
    made.push(setup);
    closers.push(async () => Promise.resolve(context.disable()));
    setup.spans.reset();
    const token = setup.provider.token();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => get(`${setup.url}/orders?${String(index)}`, token)),
    );
    const parents = setup.spans
      .getFinishedSpans()
      .filter(({ name }) => name === 'identity.validate')
      .map(({ parentSpanContext }) => parentSpanContext?.spanId);
    expect(parents).toHaveLength(20);
    expect(new Set(parents).size).toBe(20);
  });

  it('makes the same instruments as for Prometheus', async () => {
    const { app, provider, collect } = await start();
    const tokens = app.get(TokenValidationService);
    await tokens.validate(provider.token());
    await rejectionOf(tokens.validate(provider.token({ iss: 'https://evil.example' })));
    const found = await collect();
    expect([...found.keys()].toSorted()).toEqual([
      'identity.access.denied',
      'identity.cache.entries',
      'identity.cache.requests',
      'identity.key_set.age',
      'identity.key_set.keys',
      'identity.state',
      'identity.token.validation.duration',
      'identity.token.validations',
      'identity.upstream.request.duration',
      'identity.upstream.requests',
    ]);
    expect(found.get('identity.token.validations')).toContainEqual({
      value: 1,
      attributes: {
        'identity.issuer': 'other',
        'identity.result': 'issuer_unknown',
        'identity.verified': false,
      },
    });
    expect(found.get('identity.key_set.keys')).toEqual([
      { value: 1, attributes: { 'identity.issuer': provider.issuer } },
    ]);
    expect(found.get('identity.token.validation.duration')).toContainEqual({
      value: expect.objectContaining({ count: 1 }) as unknown,
      attributes: { 'identity.outcome': 'ok' },
    });
  });

  it('takes one reading of the module a collection, and a new one for the next', async () => {
    const { app, collect } = await start();
    const readState = vi.spyOn(app.get(JwksService), 'state');
    await collect();
    expect(readState).toHaveBeenCalledTimes(1);
    await collect();
    expect(readState).toHaveBeenCalledTimes(2);
  });

  it('observes nothing after the application has ended', async () => {
    const { app, collect } = await start();
    const readState = vi.spyOn(app.get(JwksService), 'state');
    await app.close();
    await collect();
    expect(readState).not.toHaveBeenCalled();
  });

  it('makes no spans where they are off', async () => {
    const { app, provider, spans } = await start(undefined, false);
    await app.get(TokenValidationService).validate(provider.token());
    expect(spans.getFinishedSpans()).toEqual([]);
  });

  it('tells neither a token nor a claim', async () => {
    const { app, provider, spans, collect } = await start();
    const tokens = app.get(TokenValidationService);
    await tokens.validate(provider.token({ sub: 'secret-subject' }));
    await rejectionOf(tokens.validate(provider.token({ iss: 'https://secret.example' })));
    expect(() => tokens.validateSync(provider.token({}, { kid: 'secret-kid' }))).toThrow();
    const told = spans
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
    expect(told.length).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify([told, ...(await collect())])).not.toMatch(/secret|user-1|eyJ/);
  });
});
