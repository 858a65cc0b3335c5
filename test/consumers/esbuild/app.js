import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IdentityModule } from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';

class AppModule {}
Module({
  imports: [
    IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api', warmUp: 'off' }),
    IdentityDashboardModule.forRoot({ requiredScopes: ['identity:operate'] }),
  ],
})(AppModule);

/** Starts, opens the page with all its files, and ends. */
async function main() {
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const page = await fetch(`${await app.getUrl()}/identity`);
  const files = [...(await page.text()).matchAll(/(?:src|href)="(identity\/assets\/[^"]+)"/g)];
  const statuses = await Promise.all(
    files.map(async ([, file]) => (await fetch(`${await app.getUrl()}/${file}`)).status),
  );
  await app.close();
  console.log(JSON.stringify([page.status, ...new Set(statuses)]));
}

main().catch((error) => {
  console.log(`${error.code}: ${error.message}`);
});
