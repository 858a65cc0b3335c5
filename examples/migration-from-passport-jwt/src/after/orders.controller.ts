import { Controller, Delete, Get, Req, UseGuards } from '@nestjs/common';
import { IdentityAuthGuard, OptionalAuth } from 'nestjs-identity-model';
import { Roles, RolesGuard } from '../roles.guard.js';
import type { User } from '../users/users.service.js';

@UseGuards(IdentityAuthGuard, RolesGuard)
@Controller('orders')
export class OrdersController {
  @Get()
  list(@Req() request: { user: User }) {
    return { for: request.user.name };
  }

  /** In place of OptionalJwtGuard; a bad token is refused now, and not taken for none. */
  @OptionalAuth()
  @Get('offers')
  offers(@Req() request: { user?: User }) {
    return { for: request.user?.name ?? 'everybody' };
  }

  @Roles(['admin'])
  @Delete()
  clear() {
    return { cleared: true };
  }
}
