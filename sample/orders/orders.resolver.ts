import { Inject } from '@nestjs/common';
import { Args, Field, Int, Mutation, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { Claims, Public, RequireScopes } from 'nestjs-identity-model';
import { OrdersService, type Order } from './orders.service.js';

@ObjectType('Order')
class OrderObject implements Order {
  @Field(() => Int) id!: number;
  @Field(() => String) item!: string;
}

/** The same guard and the same decorators as on the routes of OrdersController. */
@Resolver(() => OrderObject)
export class OrdersResolver {
  constructor(@Inject(OrdersService) private readonly service: OrdersService) {}

  /** Any valid access token will do. */
  @Query(() => [OrderObject])
  orders(): readonly Order[] {
    return this.service.list();
  }

  @Query(() => String, { nullable: true })
  me(@Claims('sub') subject: string | undefined): string | undefined {
    return subject;
  }

  /** Everybody may look. */
  @Public()
  @Query(() => [String])
  catalogue(): readonly string[] {
    return this.service.list().map((order) => order.item);
  }

  /** Only with the scope orders:write. */
  @RequireScopes('orders:write')
  @Mutation(() => OrderObject)
  createOrder(@Args('item', { type: () => String }) item: string): Order {
    return this.service.add(item);
  }
}
