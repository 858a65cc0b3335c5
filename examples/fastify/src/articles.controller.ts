import { Controller, Delete, Get, Param, Req, UseGuards } from '@nestjs/common';
import {
  Claims,
  IdentityAuthGuard,
  OptionalAuth,
  RequireAnyScope,
  type AccessTokenClaims,
} from 'nestjs-identity-model';

@UseGuards(IdentityAuthGuard)
@Controller('articles')
export class ArticlesController {
  /** For everybody; members see their price. A token that is sent must still be good. */
  @OptionalAuth()
  @Get()
  list(@Claims('sub') sub: string | undefined) {
    return [{ id: 1, name: 'Espresso', price: sub === undefined ? 250 : 200 }];
  }

  @Get('cart')
  cart(@Req() request: { user: AccessTokenClaims }) {
    return { owner: request.user.sub, articles: [] };
  }

  @RequireAnyScope('articles:write', 'admin')
  @Delete(':id')
  remove(@Param('id') id: string) {
    return { removed: Number(id) };
  }
}
