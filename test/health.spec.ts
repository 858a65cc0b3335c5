import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { describe, expect, it } from 'vitest';
import {
  IdentityHealthIndicator,
  IdentityModule,
  JwksService,
  Public,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { createApp, get, PLATFORMS, type Platform, type TestApp } from './support/create-app.js';
import { nestLine } from './support/nest-line.js';
import { ProviderDouble } from './support/provider-double.js';

@Public()
@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(IdentityHealthIndicator) private readonly identity: IdentityHealthIndicator,
  ) {}

  @Get() @HealthCheck() check(): unknown {
    return this.health.check([() => this.identity.check('identity')]);
  }

  @Get('ready') @HealthCheck() ready(): unknown {
    const limits = { maxStaleMs: 3_600_000, minHitRate: 0.9, minLookUps: 10, details: false };
    return this.health.check([() => this.identity.check('identity', limits)]);
  }

  @Get('live') @HealthCheck() live(): unknown {
    return this.health.check([() => this.identity.checkLiveness('identity')]);
  }

  @Get('older') @HealthCheck() older(): unknown {
    return this.health.check([() => this.identity.isHealthy('identity')]);
  }
}

const start = (platform: Platform, options: IdentityModuleOptions): Promise<TestApp> =>
  createApp(platform, {
    imports: [TerminusModule.forRoot({ logger: false }), IdentityModule.forRoot(options)],
    controllers: [HealthController],
  });

interface Answer {
  status: number;
  identity: { status: string; issuers: Record<string, unknown>; hitRate: unknown };
}

async function ask(target: TestApp, path = '/health'): Promise<Answer> {
  const response = await get(`${target.url}${path}`);
  const body = (await response.json()) as { details: { identity: Answer['identity'] } };
  return { status: response.status, identity: body.details.identity };
}

const FRESH = { state: 'fresh', ageSec: 0 };
const COLD = { state: 'cold', ageSec: null };

describe.each(PLATFORMS)('GET /health on %s', (platform) => {
  it('is up while keys are fresh, and tells warmth and hit rate', async () => {
    const provider = await ProviderDouble.start();
    const target = await start(platform, { issuer: provider.issuer, audience: 'x', warmUp: 'await' });
    await target.app.get(JwksService).get();
    for (const path of ['/health', '/health/older']) {
      expect(await ask(target, path)).toEqual({
        status: 200,
        identity: {
          status: 'up',
          issuers: { [provider.issuer]: { serving: true, keys: 1, jwks: FRESH, discovery: FRESH } },
          hitRate: { discovery: 0, jwks: 0.5 },
        },
      });
    }
    await target.app.close();
    await provider.stop();
  });

  it('is down while no issuer can serve, asks for keys by itself, and comes up', async () => {
    const provider = await ProviderDouble.start();
    await provider.stop();
    const target = await start(platform, {
      issuer: provider.issuer,
      audience: 'x',
      warmUp: 'off',
      http: { retries: 0 },
    });
    const down = { serving: false, keys: 0, jwks: COLD, discovery: COLD };
    expect(await ask(target)).toMatchObject({
      status: 503,
      identity: { status: 'down', issuers: { [provider.issuer]: down } },
    });
    await provider.listen();
    await expect.poll(async () => (await ask(target)).identity.status, { timeout: 5_000 }).toBe('up');
    await target.app.close();
    await provider.stop();
  });

  it('is degraded while one of several cannot serve', async () => {
    const [good, bad] = [await ProviderDouble.start(), await ProviderDouble.start()];
    await bad.stop();
    const target = await start(platform, {
      audience: 'x',
      issuers: [{ issuer: good.issuer }, { issuer: bad.issuer }],
      http: { retries: 0 },
    });
    await target.app.get(JwksService).get(good.issuer);
    expect(await ask(target)).toMatchObject({
      status: 200,
      identity: {
        ...nestLine.degradedHealth,
        issuers: { [good.issuer]: { serving: true }, [bad.issuer]: { serving: false } },
      },
    });
    await target.app.close();
    await good.stop();
  });

  it('is degraded while keys are stale', async () => {
    const provider = await ProviderDouble.start();
    const target = await start(platform, {
      issuer: provider.issuer,
      audience: 'x',
      warmUp: 'await',
      jwks: { ttlMs: 50, minTtlMs: 1 },
      http: { retries: 0 },
    });
    await provider.stop();
    await expect.poll(async () => (await ask(target)).identity).toMatchObject(nestLine.degradedHealth);
    expect(await ask(target)).toMatchObject({
      status: 200,
      identity: { issuers: { [provider.issuer]: { serving: true, keys: 1, jwks: { state: 'stale' } } } },
    });
    await target.app.close();
  });

  it('is up with static keys, and has no discovery to tell of', async () => {
    const provider = await ProviderDouble.start();
    await provider.stop();
    const target = await start(platform, {
      issuers: [{ issuer: 'urn:static', audience: 'x', jwks: { keys: [provider.key.jwk] } }],
    });
    expect((await ask(target)).identity.issuers).toEqual({
      'urn:static': { serving: true, keys: 1, jwks: FRESH },
    });
    await target.app.close();
  });

  it('takes no instance out while last-good keys serve, and restarts none at all', async () => {
    const provider = await ProviderDouble.start();
    const target = await start(platform, {
      issuer: provider.issuer,
      audience: 'orders-api',
      warmUp: 'await',
      jwks: { ttlMs: 50, minTtlMs: 1 },
      http: { retries: 0 },
    });
    await provider.stop();
    await expect.poll(async () => (await ask(target)).identity).toMatchObject(nestLine.degradedHealth);
    expect(await ask(target)).toMatchObject({ identity: { reasons: ['keys_stale'] } });
    expect(await ask(target, '/health/ready')).toEqual({ status: 200, identity: { status: 'up' } });
    target.app.get(JwksService).clear();
    expect(await ask(target, '/health/ready')).toEqual({
      status: 503,
      identity: { status: 'down', reasons: ['issuer_not_serving'] },
    });
    expect(await ask(target, '/health/live')).toEqual({ status: 200, identity: { status: 'up' } });
    await target.app.close();
  });

  it('is degraded while look-ups of keys miss too often', async () => {
    const provider = await ProviderDouble.start();
    const target = await start(platform, {
      issuer: provider.issuer,
      audience: 'orders-api',
      warmUp: 'await',
    });
    const jwks = target.app.get(JwksService);
    for (let index = 0; index < 10; index++) {
      jwks.clear();
      await jwks.get();
    }
    expect(await ask(target, '/health/ready')).toEqual({
      status: 200,
      identity: { ...nestLine.degradedHealth, reasons: ['hit_rate_low'] },
    });
    expect((await ask(target)).identity.status).toBe('up');
    await target.app.close();
    await provider.stop();
  });
});
