import type { INestApplication } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Swagger UI at /docs. Its Authorize button offers the flows that the metadata of the provider names. */
export function mountSwagger(app: INestApplication): void {
  const issuer = app.get(ConfigService).getOrThrow<string>('OIDC_ISSUER');
  const config = new DocumentBuilder()
    .setTitle('Orders')
    .addSecurity('oidc', {
      type: 'openIdConnect',
      openIdConnectUrl: `${issuer}/.well-known/openid-configuration`,
    })
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, config));
}
