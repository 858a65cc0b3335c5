import { Controller, Get, UseGuards, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  OptionalAuth,
  RequireScopes,
  type JwtFromRequest,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { CredentialsReader } from '../lib/auth/credentials-reader.js';
import type { Credentials } from '../lib/model/credentials.js';
import { createApp, get, PLATFORMS, type TestApp } from './support/create-app.js';

/** Overrides something, and changes nothing: so the guard goes through passport. */
class ThroughPassport extends IdentityAuthGuard {
  override getAuthenticateOptions(): undefined {
    return undefined;
  }
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function controllerWith(guard: Type<IdentityAuthGuard>): Type {
  @UseGuards(guard)
  @Controller()
  class Routes {
    @Get('plain') plain(@Claims('sub') sub: string): object {
      return { sub };
    }
    @RequireScopes('a') @Get('scoped') scoped(@Claims('sub') sub: string): object {
      return { sub };
    }
    @OptionalAuth() @Get('optional') optional(@Claims('sub') sub?: string): object {
      return { sub: sub ?? null };
    }
  }
  return Routes;
}

describe.each(PLATFORMS)('credentials are read once for each pass of a guard, on %s', (platform) => {
  describe.each([
    ['without passport', IdentityAuthGuard],
    ['through passport', ThroughPassport],
  ])('%s', (_name, guard) => {
    it.each([
      ['plain', 200],
      ['scoped', 200],
      ['optional', 200],
      ['plain', 401],
      ['optional', 401],
    ])('on a route that is %s, with %i', async (path, status) => {
      let reads = 0;
      const jwtFromRequest: JwtFromRequest = (request: { headers: Record<string, string> }) => {
        reads += 1;
        return request.headers['x-token'] ?? null;
      };
      const test: TestApp = await createApp(platform, {
        imports: [IdentityModule.forRoot({ ...issuer.moduleOptions(), jwtFromRequest })],
        controllers: [controllerWith(guard)],
      });
      open.push(test.app);
      const token = issuer.token(status === 200 ? { scope: 'a' } : { wrong: 'expired' });
      const response = await fetch(`${test.url}/${path}`, { headers: { 'x-token': token } });
      expect([response.status, reads]).toEqual([status, 1]);
    });
  });
});

/** A reader as a later one may be: it knows a scheme that the authenticator does not. */
class ReadsDpop extends CredentialsReader {
  override read(...all: Parameters<CredentialsReader['read']>): Credentials | null {
    const credentials = super.read(...all);
    return credentials && { ...credentials, scheme: 'DPoP' };
  }
}

it.each([
  ['without passport', IdentityAuthGuard],
  ['through passport', ThroughPassport],
])('a token under a scheme that proves possession is no bearer token, %s', async (_name, guard) => {
  const module = await Test.createTestingModule({
    imports: [IdentityModule.forRoot(issuer.moduleOptions())],
    controllers: [controllerWith(guard)],
  })
    .overrideProvider(CredentialsReader)
    .useClass(ReadsDpop)
    .compile();
  const app = module.createNestApplication({ logger: false });
  open.push(app);
  await app.listen(0, '127.0.0.1');
  const { status } = await get(`${await app.getUrl()}/plain`, issuer.token());
  expect(status).toBe(401);
  expect((await get(`${await app.getUrl()}/optional`, issuer.token())).status).toBe(401);
});
