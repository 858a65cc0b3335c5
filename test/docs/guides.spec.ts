import * as nestConfig from '@nestjs/config';
import { Controller, Get, UseGuards, type INestApplication } from '@nestjs/common';
import * as core from '@nestjs/core';
import * as nestSwagger from '@nestjs/swagger';
import * as testingModule from '@nestjs/testing';
import { Test } from '@nestjs/testing';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { IdentityAuthGuard, IdentityModule } from 'nestjs-identity-model';
import * as kit from 'nestjs-identity-model/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { blocksBelow, runBlock } from './run-block.js';

const MODULES = {
  '@nestjs/config': nestConfig,
  '@nestjs/core': core,
  '@nestjs/swagger': nestSwagger,
  '@nestjs/testing': testingModule,
  'nestjs-identity-model/testing': kit,
};
const run = (page: string, heading: string, at = 0): Record<string, unknown> =>
  runBlock(blocksBelow(`docs/guides/${page}`, heading)[at] ?? '', MODULES);

type Class = new () => object;

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function start(
  metadata: { imports: unknown[]; controllers?: Class[]; providers?: Class[] },
  prepare: (app: INestApplication) => void = () => undefined,
): Promise<{ issuer: TestIssuer; ask: (path: string, sub?: string, scope?: string) => Promise<Response> }> {
  const issuer = TestIssuer.inMemory();
  const builder = withIssuer(Test.createTestingModule(metadata as object), issuer);
  const started = (await builder.compile()).createNestApplication({ logger: false });
  app = started;
  prepare(started);
  await started.listen(0, '127.0.0.1');
  const url = await started.getUrl();
  const ask = (path: string, sub?: string, scope?: string): Promise<Response> =>
    fetch(
      `${url}/${path}`,
      sub === undefined ? {} : { headers: { authorization: issuer.bearer({ sub, scope }) } },
    );
  return { issuer, ask };
}

const identity = (): unknown =>
  IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' });

it('roles-and-scopes.md: roles of a database are checked after mapUser', async () => {
  const { AppModule, Roles } = run('roles-and-scopes.md', 'Roles from your database') as {
    AppModule: Class;
    Roles: (roles: string[]) => MethodDecorator;
  };
  @Controller('admin')
  class Admin {
    @Roles(['admin']) @Get() admin(): object {
      return {};
    }
    @Roles(['owner']) @Get('owner') owner(): object {
      return {};
    }
  }
  const { ask } = await start({ imports: [AppModule], controllers: [Admin] });
  const status = async (path: string, sub?: string): Promise<number> => (await ask(path, sub)).status;
  expect([await status('admin', 'ada'), await status('admin/owner', 'ada')]).toEqual([200, 403]);
  expect([await status('admin', 'bob'), await status('admin')]).toEqual([401, 401]);
});

it('roles-and-scopes.md: scopes of class and route add up', async () => {
  const { OrdersController } = run('roles-and-scopes.md', 'Scopes') as { OrdersController: Class };
  const { ask } = await start({ imports: [identity()], controllers: [OrdersController] });
  expect((await ask('orders', 'ada', 'orders:read')).status).toBe(200);
  const refused = await ask('orders', 'ada', 'orders:write');
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    403,
    expect.stringContaining('scope="orders:read"'),
  ]);
});

it('read-the-user.md: request.user by @Req and by a decorator', async () => {
  const { MeController } = run('read-the-user.md', 'request.user') as { MeController: Class };
  const { ask } = await start({ imports: [identity()], controllers: [MeController] });
  for (const path of ['me', 'me/short'])
    expect(await (await ask(path, 'ada')).json()).toEqual({ subject: 'ada' });
});

it('configuration.md: a feature module accepts ID tokens of Google, and the rest of the application does not', async () => {
  const google = await TestIssuer.start({ audience: '1234567890-abc.apps.googleusercontent.com' });
  onTestFinished(() => google.stop());
  const [block = ''] = blocksBelow('docs/guides/configuration.md', 'One module, or several');
  expect(block).toContain('https://accounts.google.com');
  const { SignInModule } = runBlock(block.replace('https://accounts.google.com', google.issuer)) as {
    SignInModule: Class;
  };
  @UseGuards(IdentityAuthGuard)
  @Controller('orders')
  class Orders {
    @Get() list(): object {
      return {};
    }
  }
  const rest = IdentityModule.forRoot(google.moduleOptions());
  const builder = Test.createTestingModule({ imports: [rest, SignInModule], controllers: [Orders] });
  app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const headers = { authorization: google.bearer({ wrong: 'id token' }) };
  expect((await fetch(`${url}/sign-in`, { headers })).status).toBe(200);
  expect((await fetch(`${url}/orders`, { headers })).status).toBe(401);
});

it('several-issuers.md: a guard knows the issuer from the configuration', async () => {
  const { PartnerGuard } = run(
    'several-issuers.md',
    '@RequireIssuer with an issuer from the configuration',
    1,
  ) as {
    PartnerGuard: Class;
  };
  @UseGuards(IdentityAuthGuard, PartnerGuard)
  @Controller('partners')
  class Partners {
    @Get() list(): object {
      return {};
    }
  }
  const settings = (issuer: string): unknown =>
    nestConfig.ConfigModule.forRoot({
      isGlobal: true,
      ignoreEnvFile: true,
      load: [() => ({ PARTNER_ISSUER: issuer })],
    });
  for (const [issuer, status] of [
    ['https://id.example.com', 200],
    ['https://partners.example.com', 403],
  ] as const) {
    const { ask } = await start({ imports: [identity(), settings(issuer)], controllers: [Partners] });
    expect((await ask('partners', 'ada')).status).toBe(status);
    await app?.close();
  }
});

it.each([
  ['A login in Swagger UI', { provider: ['orders:read'] }, 'oauth2'],
  ['Paste a token', { bearer: [] }, 'http'],
])('swagger.md, %s: the document has the scheme, and the route names it', async (heading, security, type) => {
  const { OrdersController, setUpSwagger } = run('swagger.md', heading) as {
    OrdersController: Class;
    setUpSwagger: (app: INestApplication) => void;
  };
  const { ask } = await start({ imports: [identity()], controllers: [OrdersController] }, setUpSwagger);
  const document = (await (await ask('docs-json')).json()) as {
    paths: { '/orders': { get: { security: object[] } } };
    components: { securitySchemes: Record<string, { type: string }> };
  };
  expect(document.paths['/orders'].get.security).toEqual([security]);
  expect(document.components.securitySchemes[Object.keys(security)[0] ?? '']).toMatchObject({ type });
  expect((await ask('docs')).status).toBe(200);
  expect((await ask('orders')).status).toBe(401);
});

it('testing.md: one withIssuer for each issuer', async () => {
  const [block = ''] = blocksBelow('docs/guides/testing.md', 'Two issuers');
  // A block with "await" at its top runs within a function.
  const [imports = '', body = ''] = block.split('\n\n', 1).concat(block.slice(block.indexOf('\n\n')));
  const { go } = runBlock(`${imports}\nexport async function go() {${body}}`, MODULES) as {
    go: () => Promise<void>;
  };
  await go();
});
