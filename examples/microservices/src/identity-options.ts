import type { IdentityModuleOptions } from 'nestjs-identity-model';

/** Both services are parts of one API: tokens for it name one audience. */
export const identityOptions = (): IdentityModuleOptions => ({
  issuer: process.env['OIDC_ISSUER'],
  audience: process.env['OIDC_AUDIENCE'],
});
