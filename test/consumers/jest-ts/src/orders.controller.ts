import { Controller, Get, UseGuards } from '@nestjs/common';
import { Claims, IdentityAuthGuard, RequireScopes } from 'nestjs-identity-model';

@UseGuards(IdentityAuthGuard)
@Controller('orders')
export class OrdersController {
  @Get() @RequireScopes('orders:read') list(@Claims('sub') sub: string): object {
    return { for: sub };
  }
}
