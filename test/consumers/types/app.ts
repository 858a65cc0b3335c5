import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  RequireScopes,
  type IdentityStore,
  type ValidatedToken,
} from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { mcpUser } from 'nestjs-identity-model/mcp';
import { IdentityOpenTelemetryModule } from 'nestjs-identity-model/opentelemetry';
import { IdentityPrometheusModule } from 'nestjs-identity-model/prometheus';
import { redisStore, type RedisClient } from 'nestjs-identity-model/redis';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';

@UseGuards(IdentityAuthGuard)
@Controller('orders')
export class OrdersController {
  @Get()
  @RequireScopes('orders:read')
  list(@Claims('sub') sub: string): object {
    return { for: sub };
  }
}

@Module({
  imports: [
    IdentityModule.forRoot({
      issuer: 'https://id.example.com',
      audience: 'orders-api',
      mapUser: mcpUser(),
    }),
    IdentityDashboardModule.forRoot({ requiredScopes: ['identity:operate'] }),
    IdentityPrometheusModule.forRoot(),
    IdentityOpenTelemetryModule.forRoot(),
  ],
  controllers: [OrdersController],
})
export class AppModule {}

export const subjectOf = (validated: ValidatedToken): string | undefined => validated.claims.sub;
export const storeOver = (client: RedisClient): IdentityStore => redisStore(client, { prefix: 'orders:' });
export const inTest = withIssuer(Test.createTestingModule({ imports: [AppModule] }), TestIssuer.inMemory());
// The types are there: with any instead this line would be right.
// @ts-expect-error
IdentityModule.forRoot({ issuer: 1 });
