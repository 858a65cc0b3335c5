import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { IdentityAuthGuard, IdentityModule, RequireScopes } from 'nestjs-identity-model';

export class OrdersController {
  list() {
    return [{ id: 1 }];
  }
}
// What the compiler makes of decorators.
RequireScopes('orders:read')(
  OrdersController.prototype,
  'list',
  Object.getOwnPropertyDescriptor(OrdersController.prototype, 'list'),
);
Get()(
  OrdersController.prototype,
  'list',
  Object.getOwnPropertyDescriptor(OrdersController.prototype, 'list'),
);
UseGuards(IdentityAuthGuard)(OrdersController);
Controller('orders')(OrdersController);

export class AppModule {}
Module({
  imports: [IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' })],
  controllers: [OrdersController],
})(AppModule);
