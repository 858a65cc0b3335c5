import { Controller, Get, Injectable, Module, UseGuards, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  Public,
  RequireRoles,
  RequireScopes,
  type AccessTokenClaims,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';

/** The options of an application that has never heard of tests. */
export const PRODUCTION: IdentityModuleOptions = {
  issuer: 'https://id.example.com/realms/shop',
  audience: 'orders-api',
  rolesClaim: 'roles',
};

@Injectable()
class OwnGuard extends IdentityAuthGuard {}

function controllerWith(guard: Type<IdentityAuthGuard> | undefined): Type {
  @Controller()
  class OrdersController {
    @Get('orders')
    list(@Claims() claims: AccessTokenClaims): object {
      return claims;
    }

    @Get('orders/new')
    @RequireScopes('orders:write')
    create(@Claims('sub') sub: string): object {
      return { by: sub };
    }

    @Get('orders/all')
    @RequireRoles('admin')
    all(): object {
      return { all: true };
    }

    @Get('catalogue')
    @Public()
    catalogue(): object {
      return { open: true };
    }
  }
  if (guard !== undefined) UseGuards(guard)(OrdersController);
  return OrdersController;
}

/** The ways in which applications put the guard in front of their routes. */
export const SET_UPS = ['@UseGuards', 'APP_GUARD useClass', 'APP_GUARD useExisting', 'a subclass'] as const;

/** An application as its developer wrote it. */
export function applicationWith(
  setUp: (typeof SET_UPS)[number] = '@UseGuards',
  options: IdentityModuleOptions = PRODUCTION,
): Type {
  const providers = {
    '@UseGuards': [],
    'APP_GUARD useClass': [{ provide: APP_GUARD, useClass: IdentityAuthGuard }],
    'APP_GUARD useExisting': [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
    'a subclass': [OwnGuard],
  }[setUp];
  const guards = { '@UseGuards': IdentityAuthGuard, 'a subclass': OwnGuard } as const;
  const guard = setUp in guards ? guards[setUp as keyof typeof guards] : undefined;

  @Module({
    imports: [IdentityModule.forRoot(options)],
    controllers: [controllerWith(guard)],
    providers,
  })
  class AppModule {}
  return AppModule;
}
