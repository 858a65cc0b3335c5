import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { APP_GUARD } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { IdentityAuthGuard, IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { HealthController } from './health/health.controller.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersService } from './orders/orders.service.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    IdentityModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService): IdentityModuleOptions => ({
        issuer: config.getOrThrow<string>('OIDC_ISSUER'),
        audience: config.getOrThrow<string>('OIDC_AUDIENCE'),
      }),
    }),
    TerminusModule,
  ],
  controllers: [OrdersController, HealthController],
  providers: [
    OrdersService,
    // Every route needs a token, unless it is @Public().
    { provide: APP_GUARD, useExisting: IdentityAuthGuard },
  ],
})
export class AppModule {}
