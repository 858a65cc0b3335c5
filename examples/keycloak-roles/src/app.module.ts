import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  IdentityAuthGuard,
  IdentityModule,
  rolesClaimOf,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { ReportsController } from './reports.controller.js';

@Module({
  imports: [
    IdentityModule.forRootAsync({
      useFactory: (): IdentityModuleOptions => ({
        // https://keycloak.example.com/realms/shop
        issuer: process.env['OIDC_ISSUER'],
        // An audience mapper of the realm puts it into `aud`.
        audience: 'reports-api',
        // Roles of the realm. Those of one client: rolesClaimOf.keycloakClient('reports-api').
        rolesClaim: rolesClaimOf.keycloakRealm,
      }),
    }),
  ],
  controllers: [ReportsController],
  providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
})
export class AppModule {}
