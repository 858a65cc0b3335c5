import { Injectable } from '@nestjs/common';

export interface Order {
  readonly id: number;
  readonly item: string;
}

@Injectable()
export class OrdersService {
  private readonly orders: Order[] = [
    { id: 1, item: 'espresso machine' },
    { id: 2, item: 'coffee grinder' },
  ];

  list(): readonly Order[] {
    return this.orders;
  }

  add(item: string): Order {
    const order = { id: this.orders.length + 1, item };
    this.orders.push(order);
    return order;
  }
}
