import { Injectable } from '@nestjs/common';
import type { Order } from './order.js';

@Injectable()
export class OrdersService {
  private readonly orders: Order[] = [];

  listOf(owner: string): Order[] {
    return this.orders.filter((order) => order.owner === owner);
  }

  add(owner: string, item: string): Order {
    const order = { id: this.orders.length + 1, owner, item };
    this.orders.push(order);
    return order;
  }
}
