import { Controller, Delete, Get, Req, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { Roles, RolesGuard } from '../roles.guard.js';
import type { User } from '../users/users.service.js';
import { OptionalJwtGuard } from './optional-jwt.guard.js';

@Controller('orders')
export class OrdersController {
  @UseGuards(AuthGuard('jwt'))
  @Get()
  list(@Req() request: { user: User }) {
    return { for: request.user.name };
  }

  @UseGuards(OptionalJwtGuard)
  @Get('offers')
  offers(@Req() request: { user?: User }) {
    return { for: request.user?.name ?? 'everybody' };
  }

  @Roles(['admin'])
  @UseGuards(AuthGuard('jwt'), RolesGuard)
  @Delete()
  clear() {
    return { cleared: true };
  }
}
