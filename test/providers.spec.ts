import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, UseGuards, type INestApplication } from '@nestjs/common';
import { Agent, buildConnector } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityModule,
  RequireRoles,
  RequireScopes,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { blocksBelow, headingsOf, runBlock } from './docs/run-block.js';
import { rejectionOf } from './support/create-module.js';
import { createApp, get } from './support/create-app.js';
import { PROVIDER_SHAPES, type ProviderShape } from './support/provider-shapes.js';
import { createKey, signToken, type SigningKey } from './support/signing-key.js';

/** Making RSA keys is what takes time here. */
const KEYS = new Map(['RS256', 'ES256'].map((alg) => [alg, createKey(alg, 'key-1')]));
const STRANGERS = new Map(['RS256', 'ES256'].map((alg) => [alg, createKey(alg, 'key-1')]));
const keyFrom = (keys: ReadonlyMap<string, SigningKey>, alg: string): SigningKey => {
  const key = keys.get(alg);
  if (key === undefined) throw new Error(`no key for ${alg}`);
  return key;
};

let closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

/** The provider on loopback: its documents at their own URLs, whatever host they are on. */
async function publish(documents: ReadonlyMap<string, object>): Promise<Agent> {
  const server = createServer((request, response) => {
    const found = documents.get(`https://${String(request.headers.host)}${String(request.url)}`);
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connect = buildConnector({});
  const here = { protocol: 'http:', hostname: '127.0.0.1', host: '127.0.0.1', port: String(port) };
  const agent = new Agent({ connect: (options, done) => connect({ ...options, ...here }, done) });
  closing.push(
    () => stop(server),
    () => agent.destroy(),
  );
  return agent;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function documentsOf(shape: ProviderShape, keys: readonly object[]): Map<string, object> {
  return new Map<string, object>([
    [shape.metadataUrl, { ...shape.metadata, response_types_supported: ['code'] }],
    [shape.metadata.jwks_uri, { keys: [...(shape.otherKeys ?? []), ...keys] }],
  ]);
}

const publicKey = ({ jwk, kid }: SigningKey, members: object): object => {
  const { kty, crv, n, e, x, y } = jwk;
  return { kty, crv, n, e, x, y, kid, ...members };
};

const pathOf = ({ page }: ProviderShape): string => `docs/providers/${page}.md`;

/** The options as the page has them, below its title or the heading of the shape. */
const documentedOptions = (shape: ProviderShape): IdentityModuleOptions => {
  const { name, heading = headingsOf(pathOf(shape), 1)[0] ?? '' } = shape;
  const [block, ...more] = blocksBelow(pathOf(shape), heading);
  if (block === undefined || more.length > 0) throw new Error(`"${name}" has not exactly one block`);
  return runBlock(block)['options'] as IdentityModuleOptions;
};

/** The claims that the page shows as a sample. */
function documentedClaims(shape: ProviderShape): unknown {
  const text = readFileSync(pathOf(shape), 'utf8');
  const section = text.split(/^## /m).find((each) => each.startsWith(`${shape.heading ?? 'A token'}\n`));
  return JSON.parse(/```json\n([^]*?)```/.exec(section ?? '')?.[1] ?? 'null');
}

interface Started {
  readonly app: INestApplication;
  readonly url: string;
  readonly key: SigningKey;
}

async function start(shape: ProviderShape): Promise<Started> {
  const key = keyFrom(KEYS, shape.alg);
  const dispatcher = await publish(documentsOf(shape, [publicKey(key, shape.jwk)]));
  const options = { ...documentedOptions(shape), http: { dispatcher } };
  const started = await createApp('express', {
    imports: [IdentityModule.forRoot(options)],
    controllers: controllersFor(shape),
  });
  closing.push(() => started.app.close());
  return { ...started, key };
}

type ControllerClass = new () => object;

function controllersFor({ scope, roles }: ProviderShape): ControllerClass[] {
  @UseGuards(IdentityAuthGuard)
  @Controller()
  class Plain {
    @Get() read(): unknown {
      return { in: true };
    }
    @RequireScopes(scope ?? 'none:has-it') @Get('scope') scoped(): unknown {
      return { in: true };
    }
    @RequireScopes('another:scope') @Get('another-scope') another(): unknown {
      return { in: true };
    }
  }
  if (roles === undefined) return [Plain];

  @UseGuards(IdentityAuthGuard)
  @Controller()
  class Roles {
    @RequireRoles(...roles!) @Get('role') role(): unknown {
      return { in: true };
    }
    @RequireRoles('another role') @Get('another-role') another(): unknown {
      return { in: true };
    }
  }
  return [Plain, Roles];
}

function tokenOf(shape: ProviderShape, key: SigningKey, claims: object = {}, header: object = {}): string {
  const nowSec = Math.floor(Date.now() / 1000);
  const times = { iat: nowSec, exp: nowSec + 300 };
  return signToken(
    key,
    { ...shape.claims, ...times, ...claims },
    { typ: undefined, ...shape.header, ...header },
  );
}

describe('docs/providers', () => {
  it('has a page for each shape, and a shape for each page', () => {
    const pages = readdirSync('docs/providers').filter((name) => name !== 'index.md');
    expect(pages.toSorted()).toEqual(
      [...new Set(PROVIDER_SHAPES.map(({ page }) => `${page}.md`))].toSorted(),
    );
  });

  it.each(PROVIDER_SHAPES)('has $name in the table of the index', ({ page, heading }) => {
    const anchor = heading === undefined ? '' : `#${heading.toLowerCase().replace(' ', '-')}`;
    expect(readFileSync('docs/providers/index.md', 'utf8')).toContain(`](${page}.md${anchor}) |`);
  });

  it.each(PROVIDER_SHAPES)('shows a token of $name that is the one of these tests', (shape) => {
    expect(documentedClaims(shape)).toEqual({
      ...shape.claims,
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
  });

  it.each([...new Set(PROVIDER_SHAPES.map(pathOf))])('says in %s what to find and to register', (path) => {
    expect(headingsOf(path, 2)).toEqual(
      expect.arrayContaining(['Where to find these values', 'What to register']),
    );
  });
});

describe.each(PROVIDER_SHAPES)('$name', (shape) => {
  it('is understood with the documented options', async () => {
    const { url, key } = await start(shape);
    const status = async (path: string): Promise<number> =>
      (await get(`${url}/${path}`, tokenOf(shape, key))).status;
    expect(await status('')).toBe(200);
    expect(await status('scope')).toBe(shape.scope === undefined ? 403 : 200);
    expect(await status('another-scope')).toBe(403);
    if (shape.roles === undefined) return;
    expect(await status('role')).toBe(200);
    expect(await status('another-role')).toBe(403);
  });

  it.each(shape.refused)('refuses $what', async ({ claims, header, code }) => {
    const { app, url, key } = await start(shape);
    const token = tokenOf(shape, key, claims, header);
    expect(await rejectionOf(app.get(TokenValidationService).validate(token))).toBe(code);
    expect((await get(url, token)).status).toBe(401);
  });

  it('refuses what somebody else signed, and what has expired', async () => {
    const { app, key } = await start(shape);
    const { validate } = bind(app.get(TokenValidationService));
    expect(await rejectionOf(validate(tokenOf(shape, keyFrom(STRANGERS, shape.alg))))).toBe(
      'signature_invalid',
    );
    expect(await rejectionOf(validate(tokenOf(shape, key, { exp: 1_000 })))).toBe('token_expired');
  });
});

const bind = (service: TokenValidationService): { validate: (token: string) => Promise<unknown> } => ({
  validate: (token) => service.validate(token),
});

describe('keys that all tenants of Entra ID share', () => {
  const shape = PROVIDER_SHAPES.find(({ name }) => name.endsWith('many tenants'))!;
  const PERSONAL = 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0';

  it("do not include one that is another tenant's", async () => {
    const [everybodys, personal] = [keyFrom(KEYS, 'RS256'), createKey('RS256', 'key-2')];
    const keys = [publicKey(everybodys, shape.jwk), publicKey(personal, { ...shape.jwk, issuer: PERSONAL })];
    const dispatcher = await publish(documentsOf(shape, keys));
    const documented = documentedOptions(shape);
    const allowedIssuers = [...(documented.allowedIssuers as string[]), PERSONAL];
    const started = await createApp('express', {
      imports: [IdentityModule.forRoot({ ...documented, allowedIssuers, http: { dispatcher } })],
    });
    closing.push(() => started.app.close());
    const { validate } = bind(started.app.get(TokenValidationService));
    const judge = (key: SigningKey, claims: object): Promise<unknown> =>
      rejectionOf(validate(tokenOf(shape, key, claims)));
    expect(await judge(everybodys, {})).toBeUndefined();
    expect(await judge(personal, {})).toBe('key_not_found');
    expect(await judge(personal, { iss: PERSONAL })).toBeUndefined();
    expect(await judge(everybodys, { iss: PERSONAL })).toBeUndefined();
  });
});
