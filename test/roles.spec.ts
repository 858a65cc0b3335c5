import { Controller, Get, Module, UseGuards, type INestApplication } from '@nestjs/common';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityModule,
  RequireAnyRole,
  RequireRoles,
  RequireScopes,
  rolesClaimOf,
  type IdentityError,
  type IdentityModuleOptions,
  type IssuerOptions,
} from 'nestjs-identity-model';
import { IssuerRegistry } from '../lib/issuers/issuer-registry.js';
import { createApp, get, PLATFORMS } from './support/create-app.js';
import { codeOf } from './support/code-of.js';
import { ProviderDouble } from './support/provider-double.js';
import { simulate } from './support/simulated-module.js';

@UseGuards(IdentityAuthGuard)
@Controller()
class StaffController {
  @RequireRoles('staff', 'buyer') @Get('both') both(): unknown {
    return { in: true };
  }
  @RequireAnyRole('admin', 'buyer') @Get('any') any(): unknown {
    return { in: true };
  }
  @RequireRoles('staff') @RequireScopes('orders:read') @Get('scoped') scoped(): unknown {
    return { in: true };
  }
}

@Module({ controllers: [StaffController] })
class StaffModule {}

let provider: ProviderDouble;
let other: ProviderDouble;
let app: INestApplication | undefined;

beforeAll(async () => {
  [provider, other] = await Promise.all([ProviderDouble.start(), ProviderDouble.start()]);
});
afterAll(() => Promise.all([provider.stop(), other.stop()]));
afterEach(() => app?.close());

async function start(
  options: object,
  platform = PLATFORMS[0] as (typeof PLATFORMS)[number],
): Promise<string> {
  const all = { audience: 'orders-api', ...options } as IdentityModuleOptions;
  const started = await createApp(platform, { imports: [IdentityModule.forRoot(all), StaffModule] });
  app = started.app;
  return started.url;
}

const realm = (...roles: string[]): object => ({ realm_access: { roles } });

describe.each(PLATFORMS)('@RequireRoles on %s', (platform) => {
  it('lets in who has all roles, and answers 403 without naming them', async () => {
    const url = await start({ issuer: provider.issuer, rolesClaim: rolesClaimOf.keycloakRealm }, platform);
    const ask = async (path: string, claims: object): Promise<[number, string | null]> => {
      const response = await get(`${url}/${path}`, provider.token({ ...claims }));
      return [response.status, response.headers.get('www-authenticate')];
    };
    const refusal = [403, 'Bearer realm="api", error="insufficient_scope"'];
    expect(await ask('both', realm('buyer', 'staff'))).toEqual([200, null]);
    expect(await ask('both', realm('staff'))).toEqual(refusal);
    expect(await ask('both', { roles: ['staff', 'buyer'] })).toEqual(refusal);
    expect(await ask('both', {})).toEqual(refusal);
    expect(await ask('scoped', { ...realm('staff'), scope: 'orders:read' })).toEqual([200, null]);
    expect(await ask('scoped', { ...realm('buyer'), scope: 'orders:read' })).toEqual(refusal);
    expect((await get(`${url}/both`)).status).toBe(401);
  });
});

it('@RequireAnyRole wants one of several, where each issuer has its roles', async () => {
  const url = await start({
    issuers: [
      { issuer: provider.issuer, rolesClaim: rolesClaimOf.keycloakRealm },
      { issuer: other.issuer, rolesClaim: 'groups' },
    ],
  });
  const ask = async (from: ProviderDouble, claims: object): Promise<[number, string | null]> => {
    const response = await get(`${url}/any`, from.token({ ...claims }));
    return [response.status, response.headers.get('www-authenticate')];
  };
  const refusal = [403, 'Bearer realm="api", error="insufficient_scope"'];
  for (const role of ['admin', 'buyer']) {
    expect(await ask(provider, realm('x', role))).toEqual([200, null]);
    expect(await ask(other, { groups: [role] })).toEqual([200, null]);
    // Roles of the one are not looked for where the other has its own.
    expect(await ask(provider, { groups: [role] })).toEqual(refusal);
    expect(await ask(other, realm(role))).toEqual(refusal);
  }
  for (const roles of [realm('staff'), realm(), {}]) expect(await ask(provider, roles)).toEqual(refusal);
});

describe('rolesClaim', () => {
  it('missing stops the start, and the message names the routes', async () => {
    await expect(start({ issuer: provider.issuer })).rejects.toMatchObject({
      code: 'options_invalid',
      message: expect.stringMatching(
        /StaffController\.both, StaffController\.any, StaffController\.scoped.*rolesClaim/,
      ) as unknown,
    });
  });

  it('of one issuer counts for its own tokens only', async () => {
    const url = await start({
      issuers: [
        { issuer: provider.issuer, rolesClaim: 'roles' },
        { issuer: other.issuer, rolesClaim: ['own', 'roles'] },
      ],
    });
    const both = ['staff', 'buyer'];
    const ask = async (from: ProviderDouble, claims: object): Promise<number> =>
      (await get(`${url}/both`, from.token({ ...claims }))).status;
    expect(await ask(provider, { roles: both })).toBe(200);
    expect(await ask(other, { roles: both })).toBe(403);
    expect(await ask(other, { own: { roles: both } })).toBe(200);
    expect(await ask(provider, { own: { roles: both } })).toBe(403);
  });

  it('at the top is the default of each issuer; an issuer without one has no roles', async () => {
    const claims = { roles: ['staff', 'buyer'], groups: ['staff', 'buyer'] };
    const status = async (url: string, from: ProviderDouble, given: object): Promise<number> =>
      (await get(`${url}/both`, from.token({ ...given }))).status;
    const inherited = await start({
      rolesClaim: 'groups',
      issuers: [{ issuer: provider.issuer }, { issuer: other.issuer, rolesClaim: 'roles' }],
    });
    expect(await status(inherited, provider, { groups: claims.groups })).toBe(200);
    expect(await status(inherited, other, { groups: claims.groups })).toBe(403);
    await app?.close();
    const without = await start({
      issuers: [{ issuer: provider.issuer, rolesClaim: 'roles' }, { issuer: other.issuer }],
    });
    expect(await status(without, other, claims)).toBe(403);
  });

  it('may come with a tenant; one without it gets nobody in', async () => {
    const tenants = new Map<string, object>([
      [provider.issuer, { issuer: provider.issuer, rolesClaim: 'roles' }],
      [other.issuer, { issuer: other.issuer }],
    ]);
    const url = await start({
      issuers: async (issuer: string) => tenants.get(issuer),
      allowedIssuers: [provider.issuer, other.issuer],
      http: { allowPrivateNetworks: true },
    });
    const roles = ['staff', 'buyer'];
    expect((await get(`${url}/both`, provider.token({ roles }))).status).toBe(200);
    expect((await get(`${url}/both`, other.token({ roles }))).status).toBe(403);
  });
});

describe('a tenant whose options were driven out', () => {
  it('is asked for again after a while, and nobody guesses meanwhile', async () => {
    const asked: string[] = [];
    const ask = async (issuer: string): Promise<IssuerOptions> => {
      asked.push(issuer);
      return { issuer, rolesClaim: 'own' };
    };
    const { module, clock } = await simulate({
      issuers: ask,
      allowedIssuers: () => true,
      http: { allowPrivateNetworks: true },
      audience: 'orders-api',
      rolesClaim: 'roles',
      cache: { maxEntries: 1 },
    });
    const directory = module.get(IssuerRegistry, { strict: false });
    await directory.find(provider.issuer);
    expect(directory.optionsOf(provider.issuer)?.rolesClaim).toBe('own');
    await directory.find(other.issuer);
    expect(codeOf(() => directory.optionsOf(provider.issuer))).toBe('metadata_unavailable');
    // Tokens that name two tenants in turn do not make the function asked for each of them.
    const error: unknown = await Promise.resolve(directory.find(provider.issuer)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'keys_busy', retryAfterMs: expect.any(Number) as number });
    expect(asked).toEqual([provider.issuer, other.issuer]);
    await clock.advance((error as IdentityError).retryAfterMs ?? 0);
    await directory.find(provider.issuer);
    expect(directory.optionsOf(provider.issuer)?.rolesClaim).toBe('own');
    await module.close();
  });
});

describe('rolesClaimOf', () => {
  it.each<[string, IdentityModuleOptions['rolesClaim'], object]>([
    ['keycloakRealm', rolesClaimOf.keycloakRealm, realm('staff', 'buyer')],
    [
      'keycloakClient',
      rolesClaimOf.keycloakClient('orders-api'),
      { resource_access: { 'orders-api': { roles: ['staff', 'buyer'] }, account: { roles: [] } } },
    ],
    ['entra', rolesClaimOf.entra, { roles: ['staff', 'buyer'] }],
    ['cognito', rolesClaimOf.cognito, { 'cognito:groups': ['staff', 'buyer'] }],
    ['duende', rolesClaimOf.duende, { role: ['staff', 'buyer'] }],
    [
      'zitadel',
      rolesClaimOf.zitadel('7'),
      { 'urn:zitadel:iam:org:project:7:roles': { staff: { 1: 'a.test' }, buyer: { 1: 'a.test' } } },
    ],
    ['authentik', rolesClaimOf.authentik, { groups: ['staff', 'buyer'] }],
  ])('.%s finds them there, and nowhere else', async (_name, rolesClaim, claims) => {
    const url = await start({ issuer: provider.issuer, rolesClaim });
    expect((await get(`${url}/both`, provider.token({ ...claims }))).status).toBe(200);
    expect((await get(`${url}/both`, provider.token({ elsewhere: claims }))).status).toBe(403);
  });

  it('refuses a preset that was handed over instead of called', () => {
    for (const preset of [rolesClaimOf.keycloakClient, rolesClaimOf.zitadel]) {
      expect(codeOf(() => preset({} as never))).toBe('options_invalid');
      expect(codeOf(() => preset(''))).toBe('options_invalid');
    }
  });

  it('of Zitadel takes no shape but an object of roles', () => {
    const read = rolesClaimOf.zitadel('7');
    const name = 'urn:zitadel:iam:org:project:7:roles';
    expect(read({ [name]: { staff: {}, buyer: {} } })).toEqual(['staff', 'buyer']);
    expect(read({ [name]: [{ staff: {} }, { buyer: {} }] })).toEqual(['staff', 'buyer']);
    for (const value of ['staff', ['staff'], [['staff']], [null], null, 1])
      expect(read({ [name]: value })).toEqual([]);
    expect(read({ 'urn:zitadel:iam:org:project:8:roles': { staff: {} } })).toEqual([]);
  });
});
