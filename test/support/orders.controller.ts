import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import {
  Claims,
  IdentityAuthGuard,
  OptionalAuth,
  Public,
  RequireAnyScope,
  RequireClaim,
  RequireScopes,
  Token,
  type AccessTokenClaims,
} from 'nestjs-identity-model';

/** One route for each kind of demand. */
@UseGuards(IdentityAuthGuard)
@Controller('orders')
export class OrdersController {
  @Get()
  list(@Claims() claims: AccessTokenClaims): unknown {
    return { claims };
  }

  @Get('sub')
  sub(@Claims('sub') sub: string): unknown {
    return { sub };
  }

  @Get('roles')
  roles(@Claims(['realm_access', 'roles']) roles: unknown): unknown {
    return { roles };
  }

  @Get('token')
  token(@Token() token: string): unknown {
    return { length: token.length };
  }

  @Public()
  @Get('catalogue')
  catalogue(@Claims() claims: AccessTokenClaims | undefined): unknown {
    return { anonymous: claims === undefined };
  }

  @OptionalAuth()
  @Get('greeting')
  greeting(@Claims('sub') sub: string | undefined): unknown {
    return { hello: sub ?? 'stranger' };
  }

  @RequireScopes('orders:write')
  @Post()
  create(): unknown {
    return { created: true };
  }

  @RequireScopes('orders:read')
  @RequireScopes('orders:admin')
  @Get('admin')
  admin(): unknown {
    return { admin: true };
  }

  @RequireAnyScope('orders:read', 'orders:audit')
  @Get('audit')
  audit(): unknown {
    return { audit: true };
  }

  @RequireClaim('tenant', 'acme', 'globex')
  @Get('tenant')
  tenant(): unknown {
    return { tenant: true };
  }
}
