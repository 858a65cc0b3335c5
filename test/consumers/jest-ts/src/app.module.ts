import { Module } from '@nestjs/common';
import { IdentityModule } from 'nestjs-identity-model';
import { OrdersController } from './orders.controller.js';

@Module({
  imports: [IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' })],
  controllers: [OrdersController],
})
export class AppModule {}
