import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { User } from '../users/user.entity.js';

/** One of these roles, of the database. `@RequireRoles` reads those of the token, before `mapUser` has run. */
export const Roles = Reflector.createDecorator<string[]>();

/** It comes after IdentityAuthGuard, which sets `request.user`. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const wanted = this.reflector.getAllAndOverride(Roles, [context.getHandler(), context.getClass()]);
    if (wanted === undefined) return true;
    const { user } = context.switchToHttp().getRequest<{ user?: User }>();
    return user !== undefined && wanted.some((role) => user.roles.includes(role));
  }
}
