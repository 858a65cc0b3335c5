import 'reflect-metadata';
import { Controller, Get, Header, Inject, Module, Post } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import {
  Claims,
  IdentityAuthGuard,
  IdentityHealthIndicator,
  IdentityModule,
  Public,
  RequireScopes,
} from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { IdentityOpenTelemetryModule } from 'nestjs-identity-model/opentelemetry';
import { IdentityPrometheus, IdentityPrometheusModule } from 'nestjs-identity-model/prometheus';

@Controller('orders')
class OrdersController {
  @Get()
  list(@Claims('sub') subject: string): { readonly of: string } {
    return { of: subject };
  }

  @Post()
  @RequireScopes('orders:write')
  create(): { readonly created: true } {
    return { created: true };
  }
}

@Public()
@Controller()
class OperationsController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(IdentityHealthIndicator) private readonly identity: IdentityHealthIndicator,
    @Inject(IdentityPrometheus) private readonly prometheus: IdentityPrometheus,
  ) {}

  @Get('health')
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.identity.check('identity')]);
  }

  @Get('metrics')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return this.prometheus.metrics();
  }
}

@Module({
  imports: [
    IdentityModule.forRoot({ issuer: process.env['ISSUER'] ?? '', audience: 'orders-api' }),
    IdentityDashboardModule.forRoot({ requiredScopes: ['identity:read'] }),
    IdentityPrometheusModule.forRoot(),
    IdentityOpenTelemetryModule.forRoot(),
    TerminusModule,
  ],
  controllers: [OrdersController, OperationsController],
  providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'], forceCloseConnections: true });
  await app.listen(0, '127.0.0.1');
  console.log(`listening on ${await app.getUrl()}`);
}

void main();
