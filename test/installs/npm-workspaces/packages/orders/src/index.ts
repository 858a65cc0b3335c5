import { Controller, Get, Post } from '@nestjs/common';
import { Claims, RequireScopes } from 'nestjs-identity-model';

/** Guarded by the application that takes it. */
@Controller('orders')
export class OrdersController {
  @Get()
  list(@Claims('sub') subject: string): { readonly of: string } {
    return { of: subject };
  }

  @Post()
  @RequireScopes('orders:write')
  create(): { readonly created: true } {
    return { created: true };
  }
}
