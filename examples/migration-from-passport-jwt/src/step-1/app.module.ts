import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { OrdersController } from '../before/orders.controller.js';
import { setting } from '../setting.js';
import { UsersModule } from '../users/users.module.js';
import { JwtStrategy } from './jwt.strategy.js';

@Module({
  imports: [
    PassportModule,
    UsersModule,
    IdentityModule.forRootAsync({
      useFactory: (): IdentityModuleOptions => ({
        issuer: setting('OIDC_ISSUER'),
        audience: 'orders-api',
        algorithms: ['RS256'],
      }),
    }),
  ],
  providers: [JwtStrategy],
  controllers: [OrdersController],
})
export class AppModule {}
