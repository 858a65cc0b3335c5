import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { IdentityAuthGuard, IdentityModule } from 'nestjs-identity-model';
import { IdentityPrometheusModule } from 'nestjs-identity-model/prometheus';
import { HealthController } from './health/health.controller.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersService } from './orders/orders.service.js';
import { AUDIENCE } from './provider/demo.js';

@Module({})
export class AppModule {
  static forIssuer(issuer: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        IdentityModule.forRoot({ issuer, audience: AUDIENCE }),
        IdentityPrometheusModule.forRoot(),
        TerminusModule,
      ],
      controllers: [OrdersController, HealthController, MetricsController],
      providers: [OrdersService, { provide: APP_GUARD, useExisting: IdentityAuthGuard }],
    };
  }
}
