import { Controller, Get, HttpCode, Param, ParseIntPipe, Post } from '@nestjs/common';
import { Claims } from 'nestjs-identity-model';
import { CurrentUser } from '../access/current-user.js';
import { Roles } from '../access/roles.guard.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  /** The user is a row of the database; claims stay those of the token. */
  @Get('me')
  me(@CurrentUser() { id, name }: User, @Claims('iss') issuer: string) {
    return { id, name, issuer };
  }

  @Roles(['admin'])
  @HttpCode(204)
  @Post(':id/lock')
  lock(@Param('id', ParseIntPipe) id: number): Promise<void> {
    return this.users.lock(id);
  }
}
