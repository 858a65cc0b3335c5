import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { User } from './users/users.service.js';

export const Roles = Reflector.createDecorator<string[]>();

/** It reads `request.user`, and so stays as it is: before and after, it comes behind the guard that sets it. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const wanted = this.reflector.get(Roles, context.getHandler()) ?? [];
    const { user } = context.switchToHttp().getRequest<{ user: User }>();
    return wanted.every((role) => user.roles.includes(role));
  }
}
