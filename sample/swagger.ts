import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { CLIENTS, SCOPES } from './provider/demo.js';

/** Swagger UI at /docs; its Authorize button gets a real token from the provider. */
export function mountSwagger(app: INestApplication, issuer: string): void {
  const scopes = Object.fromEntries(SCOPES.map((scope) => [scope, scope]));
  const config = new DocumentBuilder()
    .setTitle('Orders')
    .addOAuth2({ type: 'oauth2', flows: { clientCredentials: { tokenUrl: `${issuer}/token`, scopes } } })
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, config), {
    swaggerOptions: {
      initOAuth: { clientId: CLIENTS.cli.id, clientSecret: CLIENTS.cli.secret, scopes: [...SCOPES] },
    },
  });
}
