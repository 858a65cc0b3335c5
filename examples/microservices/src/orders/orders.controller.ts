import { Controller, UseGuards } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { Claims, IdentityAuthGuard, RequireScopes } from 'nestjs-identity-model';

interface Order {
  readonly owner: string;
  readonly item: string;
}

@UseGuards(IdentityAuthGuard)
@Controller()
export class OrdersController {
  private readonly orders: Order[] = [];

  @GrpcMethod('Orders', 'List')
  list(@Claims('sub') sub: string) {
    return { orders: this.orders.filter(({ owner }) => owner === sub) };
  }

  @RequireScopes('orders:write')
  @GrpcMethod('Orders', 'Add')
  add(@Payload() { item }: { item: string }, @Claims('sub') sub: string): Order {
    const order = { owner: sub, item };
    this.orders.push(order);
    return order;
  }
}
