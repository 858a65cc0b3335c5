import { Body, Controller, Get, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Claims, RequireScopes, type AccessTokenClaims } from 'nestjs-identity-model';
import { NewOrder, Order } from './order.js';
import { OrdersService } from './orders.service.js';

@ApiTags('orders')
@ApiSecurity('oidc')
@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get()
  @ApiOkResponse({ type: [Order] })
  list(@Claims('sub') sub: string): Order[] {
    return this.orders.listOf(sub);
  }

  @Post()
  @RequireScopes('orders:write')
  add(@Claims('sub') sub: string, @Body() { item }: NewOrder): Order {
    return this.orders.add(sub, item);
  }

  /** `request.user` is what Passport users know it as: here the claims, since the module has no `mapUser`. */
  @Get('whoami')
  whoami(@Req() request: { user: AccessTokenClaims }) {
    const { sub, scope } = request.user;
    return { sub, scope };
  }
}
