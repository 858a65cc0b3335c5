import 'reflect-metadata';
import { OrdersController } from '@example/orders';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { IdentityAuthGuard, IdentityHealthIndicator, IdentityModule, Public } from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';

@Public()
@Controller()
class OperationsController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(IdentityHealthIndicator) private readonly identity: IdentityHealthIndicator,
  ) {}

  @Get('health')
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.identity.check('identity')]);
  }
}

@Module({
  imports: [
    IdentityModule.forRoot({ issuer: process.env['ISSUER'] ?? '', audience: 'orders-api' }),
    IdentityDashboardModule.forRoot({ requiredScopes: ['identity:read'] }),
    TerminusModule,
  ],
  controllers: [OrdersController, OperationsController],
  providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, {
    logger: ['warn', 'error'],
    forceCloseConnections: true,
  });
  await app.listen(0, '127.0.0.1');
  console.log(`listening on ${await app.getUrl()}`);
}

void main();
