import { Controller, Get, Inject, Post } from '@nestjs/common';
import { ApiOAuth2, ApiTags } from '@nestjs/swagger';
import { Claims, OptionalAuth, Public, RequireScopes, type AccessTokenClaims } from 'nestjs-identity-model';
import { OrdersService, type Order } from './orders.service.js';

/** The guard is global (see app.module.ts), so every route is protected unless it says otherwise. */
@ApiTags('orders')
@ApiOAuth2([])
@Controller('orders')
export class OrdersController {
  constructor(@Inject(OrdersService) private readonly orders: OrdersService) {}

  /** Any valid access token will do. */
  @Get()
  list(@Claims() claims: AccessTokenClaims): object {
    const { sub, client_id, scope } = claims;
    return { orders: this.orders.list(), asked: { sub, client_id, scope } };
  }

  /** What the token says, as the provider signed it. */
  @Get('me')
  me(@Claims() claims: AccessTokenClaims): AccessTokenClaims {
    return claims;
  }

  /** Everybody may look; the token is not even read. */
  @Public()
  @Get('catalogue')
  catalogue(): readonly string[] {
    return this.orders.list().map((order) => order.item);
  }

  /** Works without a token, and knows more with one. */
  @OptionalAuth()
  @Get('greeting')
  greeting(@Claims('sub') subject: string | undefined): object {
    return { hello: subject ?? 'stranger' };
  }

  /** Only with the scope orders:write. */
  @RequireScopes('orders:write')
  @Post()
  create(): Order {
    return this.orders.add('milk jug');
  }
}
