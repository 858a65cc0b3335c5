import { Inject, UseGuards } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Claims, IdentityAuthGuard, RequireScopes } from 'nestjs-identity-model';
import { OrdersService, type Order } from './orders.service.js';

interface Reply<T> {
  readonly event: string;
  readonly data: T;
}

/** A socket needs a valid token to connect (see prepare-app.ts), and each message is checked again. */
// NestJS 11 does not ask the guard that is bound as APP_GUARD about messages.
@UseGuards(IdentityAuthGuard)
@WebSocketGateway({ path: '/events' })
export class OrdersGateway {
  constructor(@Inject(OrdersService) private readonly service: OrdersService) {}

  @SubscribeMessage('me')
  me(@Claims('sub') subject: string | undefined): Reply<string | undefined> {
    return { event: 'me', data: subject };
  }

  /** Only with the scope orders:write. */
  @RequireScopes('orders:write')
  @SubscribeMessage('create')
  create(): Reply<Order> {
    return { event: 'created', data: this.service.add('milk jug') };
  }
}
