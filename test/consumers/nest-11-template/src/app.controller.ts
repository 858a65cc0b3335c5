import { Controller, Get, UseGuards } from '@nestjs/common';
import { Claims, IdentityAuthGuard, RequireScopes } from 'nestjs-identity-model';
import { AppService } from './app.service';

@Controller()
@UseGuards(IdentityAuthGuard)
export class AppController {
  constructor(private readonly appService: AppService) {}

  @Get()
  @RequireScopes('orders:read')
  getHello(@Claims('sub') sub: string): string {
    return `${this.appService.getHello()} ${sub}`;
  }
}
