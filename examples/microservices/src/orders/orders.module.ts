import { Module } from '@nestjs/common';
import { IdentityModule } from 'nestjs-identity-model';
import { identityOptions } from '../identity-options.js';
import { OrdersController } from './orders.controller.js';

@Module({
  imports: [IdentityModule.forRootAsync({ useFactory: identityOptions })],
  controllers: [OrdersController],
})
export class OrdersModule {}
