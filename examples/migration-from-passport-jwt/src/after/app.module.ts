import { Module } from '@nestjs/common';
import { IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { setting } from '../setting.js';
import { UsersModule } from '../users/users.module.js';
import { UsersService } from '../users/users.service.js';
import { OrdersController } from './orders.controller.js';

/** No strategy, no PassportModule: `validate` of the strategy has become `mapUser`. */
@Module({
  imports: [
    IdentityModule.forRootAsync({
      imports: [UsersModule],
      inject: [UsersService],
      useFactory: (users: UsersService): IdentityModuleOptions => ({
        issuer: setting('OIDC_ISSUER'),
        audience: 'orders-api',
        algorithms: ['RS256'],
        mapUser: ({ claims }) => users.find(claims.sub),
      }),
    }),
  ],
  controllers: [OrdersController],
})
export class AppModule {}
