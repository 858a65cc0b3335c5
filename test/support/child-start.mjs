// An application of its own process that needs a provider before it listens, over the built package.
// Arguments: the issuer, what is waited for, and tokens.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { IdentityError, IdentityModule, TokenValidationService } from 'nestjs-identity-model';

const [issuer = '', mode, ...list] = process.argv.slice(2);

const never = new Promise(() => undefined);
const root =
  mode === 'tenants'
    ? IdentityModule.forRoot({
        allowedIssuers: () => true,
        issuers: () => /** @type {Promise<undefined>} */ (never),
        audience: 'orders-api',
        http: { deadlineMs: 500 },
      })
    : IdentityModule.forRoot({
        issuer,
        audience: 'orders-api',
        warmUp: mode === 'validate' ? 'off' : 'await',
      });
if (mode === 'listen') {
  const app = await NestFactory.create(root, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
} else {
  const app = await NestFactory.createApplicationContext(root, { logger: ['error'] });
  const tokens = app.get(TokenValidationService);
  for (const token of list) {
    await tokens.validate(token).then(
      () => console.log('validated'),
      (/** @type {unknown} */ error) => console.log(error instanceof IdentityError ? error.code : error),
    );
  }
  await app.close();
}
console.log('end of the script');
