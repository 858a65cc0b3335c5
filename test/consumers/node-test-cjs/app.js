const { Controller, Get, Module, UseGuards } = require('@nestjs/common');
const { IdentityAuthGuard, IdentityModule, RequireScopes } = require('nestjs-identity-model');

class OrdersController {
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

class AppModule {}
Module({
  imports: [IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' })],
  controllers: [OrdersController],
})(AppModule);

module.exports = { AppModule };
