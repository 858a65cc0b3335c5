// An application of its own process, over the built package. Argument: the issuer.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { filter, firstValueFrom } from 'rxjs';
import { IdentityError, IdentityEvents, IdentityModule, JwksService } from 'nestjs-identity-model';

const [issuer = '', mode] = process.argv.slice(2);

const identity = IdentityModule.forRoot({
  issuer,
  audience: 'orders-api',
  warmUp: 'off',
  http: { timeoutMs: 15_000, deadlineMs: 15_000 },
});
// The page of the dashboard samples in the background.
const root = {
  module: /** @type {import('@nestjs/common').Type} */ (/** @type {unknown} */ (function App() {})),
  imports:
    mode === 'with-dashboard'
      ? [
          identity,
          IdentityDashboardModule.forRoot({
            guard: { canActivate: () => true },
          }),
        ]
      : [identity],
};
const app = await NestFactory.createApplicationContext(root, { logger: false });
const jwks = app.get(JwksService);
const { events$ } = app.get(IdentityEvents);
events$.subscribe(({ type }) => console.log(type));
const metadataArrived = firstValueFrom(events$.pipe(filter(({ type }) => type === 'discovery.refreshed')));

if (mode === 'left-alone' || mode === 'with-dashboard') {
  await jwks.get();
} else {
  const pending = jwks
    .get()
    .catch((/** @type {unknown} */ error) =>
      console.log(error instanceof IdentityError ? error.code : error),
    );
  if (mode === 'mid-backoff') await pending;
  else {
    await metadataArrived;
    // The request for the keys is under way.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await app.close();
  await pending;
}
console.log('end of the script');
