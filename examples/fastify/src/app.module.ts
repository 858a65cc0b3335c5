import { Module } from '@nestjs/common';
import { IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { ArticlesController } from './articles.controller.js';

@Module({
  imports: [
    IdentityModule.forRootAsync({
      useFactory: (): IdentityModuleOptions => ({
        issuer: process.env['OIDC_ISSUER'],
        audience: process.env['OIDC_AUDIENCE'],
      }),
    }),
  ],
  controllers: [ArticlesController],
})
export class AppModule {}
