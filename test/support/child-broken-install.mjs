// An application in a folder whose node_modules may lack packages. Arguments: the issuer, a token, static keys as JSON if any.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { IdentityError, IdentityEvents, IdentityModule, TokenValidationService } from 'nestjs-identity-model';

const [issuer = '', token = '', keys] = process.argv.slice(2);
const jwks = /** @type {Record<string, unknown> | undefined} */ (keys && JSON.parse(keys));
const identity = IdentityModule.forRoot({
  issuers: [{ issuer, ...(jwks === undefined ? {} : { jwks }) }],
  audience: 'orders-api',
});
const app = await NestFactory.createApplicationContext(identity, { logger: ['error'], abortOnError: false });
/** @type {string[]} */
const reasons = [];
app.get(IdentityEvents).events$.subscribe((event) => {
  if ('reason' in event && typeof event.reason === 'string') reasons.push(event.reason);
});
/** @type {unknown} */
const outcome = await app
  .get(TokenValidationService)
  .validate(token)
  .then(
    ({ claims }) => claims.sub,
    (/** @type {unknown} */ error) => (error instanceof IdentityError ? error.code : String(error)),
  );
await app.close();
console.log(JSON.stringify({ outcome, reasons }));
