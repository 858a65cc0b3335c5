import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { prepareApp } from './prepare-app.js';
import { mountSwagger } from './swagger.js';

/** The API, ready to listen, for tokens of one issuer. */
export async function createApp(
  issuer: string,
  { publicUrl, ...options }: NestApplicationOptions & { readonly publicUrl?: string } = {},
): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.forIssuer(issuer, publicUrl), {
    ...options,
    forceCloseConnections: true,
  });
  prepareApp(app);
  mountSwagger(app, issuer);
  return app;
}
