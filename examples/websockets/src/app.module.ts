import { Module } from '@nestjs/common';
import { IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { ChatGateway } from './chat.gateway.js';

@Module({
  imports: [
    IdentityModule.forRootAsync({
      useFactory: (): IdentityModuleOptions => ({
        issuer: process.env['OIDC_ISSUER'],
        audience: process.env['OIDC_AUDIENCE'],
        // A socket is closed when its token expires; the client connects again with a new one.
        transports: { closeExpired: true },
      }),
    }),
  ],
  providers: [ChatGateway],
})
export class AppModule {}
