import { request as nodeRequest } from 'node:http';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { ForbiddenException, UseGuards, type ExecutionContext, type Type } from '@nestjs/common';
import { Args, GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  oncePerOperation,
  Public,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, type TestApp } from './support/create-app.js';
import { post, type GraphqlAnswer } from './support/transports/graphql.js';

const SERVERS = {
  'Apollo on Express': ['express', () => apollo()],
  'Apollo on Fastify': ['fastify', () => apollo()],
  Mercurius: ['fastify', () => mercurius()],
} as const;

const apollo = () =>
  GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true, graphiql: false });
const mercurius = () =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    autoSchemaFile: true,
    graphiql: false,
  });

/** What a `mapUser` may do that decides by the field. */
const decideBy = (context: ExecutionContext): object | null =>
  context.getHandler().name === 'secret' ? null : { id: 'ada' };

/** Counts what ran. */
const ran: string[] = [];

function resolverWith(guard: Type<IdentityAuthGuard>): Type {
  @UseGuards(guard)
  @Resolver()
  class Fields {
    @Query(() => String, { nullable: true }) hello(@Claims('sub') sub: string): string {
      ran.push('hello');
      return sub;
    }
    @Query(() => String, { nullable: true }) secret(@Claims('sub') sub: string): string {
      ran.push('secret');
      return sub;
    }
    @Query(() => String, { nullable: true }) order(@Args('tenant') tenant: string): string {
      ran.push(`order of ${tenant}`);
      return tenant;
    }
    @Public() @Query(() => String, { nullable: true }) open(@Claims('sub') sub: string | undefined): string {
      return String(sub);
    }
    @Mutation(() => String, { nullable: true }) ping(): string {
      return 'pong';
    }
    @Mutation(() => String, { nullable: true }) deleteEverything(): string {
      ran.push('deleteEverything');
      return 'gone';
    }
  }
  return Fields;
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
let test: TestApp | undefined;

afterEach(async () => {
  await test?.app.close();
  test = undefined;
  ran.length = 0;
});

describe.each(Object.entries(SERVERS))('decisions about the fields of an operation, %s', (_name, server) => {
  async function start(
    guard: Type<IdentityAuthGuard>,
    options: Partial<IdentityModuleOptions> = {},
  ): Promise<(query: string, token?: string) => Promise<GraphqlAnswer>> {
    const [platform, module] = server;
    test = await createApp(platform, {
      imports: [IdentityModule.forRoot({ ...issuer.moduleOptions(), ...options }), module()],
      providers: [resolverWith(guard)],
    });
    const url = `${test.url}/graphql`;
    return (query, token = issuer.token({ sub: 'ada' })) => post(url, query, token);
  }

  const validated = (): number => test?.app.get(TokenValidationService).stats().validated ?? -1;
  const codes = ({ errors }: GraphqlAnswer): unknown[] =>
    (errors ?? []).map((each) => each.extensions?.['code']);

  /** Decides by the handler, as an application does with metadata of its own. */
  class ByHandler extends IdentityAuthGuard {
    override handleRequest<User>(err: unknown, user: User, info: unknown, context: ExecutionContext): User {
      if (['deleteEverything', 'secret'].includes(context.getHandler().name)) throw new ForbiddenException();
      return super.handleRequest(err, user, info);
    }
  }

  it('handleRequest is asked for each handler: a harmless one opens no other', async () => {
    const ask = await start(ByHandler);
    for (const query of [
      'mutation { deleteEverything }',
      'mutation { ping deleteEverything }',
      'mutation { ping a: ping deleteEverything }',
    ]) {
      expect(codes(await ask(query))).toEqual(['check_refused']);
    }
    expect((await ask('{ hello secret }')).data).toEqual({ hello: 'ada', secret: null });
    expect((await ask('{ secret hello }')).data).toEqual({ hello: 'ada', secret: null });
    expect(ran).toEqual(['hello', 'hello']);
  });

  it('handleRequest is asked for each call: the arguments of one alias are not those of another', async () => {
    class ByTenant extends IdentityAuthGuard {
      override handleRequest<User>(err: unknown, user: User, info: unknown, context: ExecutionContext): User {
        if (context.getArgByIndex<{ tenant?: string }>(1).tenant === 'theirs') throw new ForbiddenException();
        return super.handleRequest(err, user, info);
      }
    }
    const ask = await start(ByTenant);
    const answer = await ask(
      '{ a: order(tenant: "ours") b: order(tenant: "theirs") c: order(tenant: "ours") }',
    );
    expect(answer.data).toEqual({ a: 'ours', b: null, c: 'ours' });
    expect(ran).toEqual(['order of ours', 'order of ours']);
    expect(validated()).toBe(1);
  });

  it('mapUser with a context is asked for each call, in any order of the fields', async () => {
    const asked: string[] = [];
    const ask = await start(IdentityAuthGuard, {
      mapUser: async ({ claims }, context) => {
        const { tenant } = context.getArgByIndex<{ tenant?: string }>(1);
        asked.push(context.getHandler().name + (tenant ?? ''));
        return context.getHandler().name === 'secret' || tenant === 'theirs' ? null : { id: claims.sub };
      },
    });
    expect((await ask('{ hello secret }')).data).toEqual({ hello: 'ada', secret: null });
    expect((await ask('{ secret hello }')).data).toEqual({ hello: 'ada', secret: null });
    expect((await ask('{ a: order(tenant: "ours") b: order(tenant: "theirs") }')).data).toEqual({
      a: 'ours',
      b: null,
    });
    expect(asked.toSorted()).toEqual(['hello', 'hello', 'orderours', 'ordertheirs', 'secret', 'secret']);
    expect(validated()).toBe(3);
  });

  it.each<[string, IdentityModuleOptions['mapUser']]>([
    ['(validated, context)', (_validated, context) => decideBy(context)],
    ['(...args)', (...args) => decideBy(args[1])],
    ['(validated, ...rest)', (_validated, ...rest) => decideBy(rest[0])],
    [
      '(validated, context = …)',
      (_validated, context = undefined as unknown as ExecutionContext) => decideBy(context),
    ],
  ])(
    'mapUser is handed the context and asked for each field, however it is written: %s',
    async (_form, mapUser) => {
      const ask = await start(IdentityAuthGuard, { mapUser });
      for (const query of ['{ hello secret }', '{ secret hello }']) {
        expect((await ask(query)).data).toEqual({ hello: 'ada', secret: null });
      }
    },
  );

  it('mapUser is asked once for an operation if it says so, and takes no context then', async () => {
    const asked: unknown[][] = [];
    const ask = await start(IdentityAuthGuard, {
      mapUser: oncePerOperation(async (...args) => {
        asked.push(args);
        return { id: args[0].claims.sub };
      }),
    });
    const aliases = Array.from({ length: 1_000 }, (_, index) => `a${String(index)}: hello`).join(' ');
    expect(Object.keys((await ask(`{ ${aliases} secret }`)).data ?? {})).toHaveLength(1_001);
    expect(asked.map((args) => args.length)).toEqual([1]);
    await ask('{ hello }');
    expect(asked).toHaveLength(2);
  });

  it('a thousand aliases under two guards are one validation', async () => {
    const ask = await start(ByHandler);
    test?.app.useGlobalGuards(test.app.get(IdentityAuthGuard));
    const aliases = Array.from({ length: 1_000 }, (_, index) => `a${String(index)}: hello`).join(' ');
    const { data } = await ask(`{ ${aliases} }`);
    expect(Object.values(data ?? {}).filter((value) => value === 'ada')).toHaveLength(1_000);
    expect(validated()).toBe(1);
  });

  it('a header Upgrade means nothing on an HTTP request', async () => {
    await start(IdentityAuthGuard);
    const aliases = Array.from({ length: 200 }, (_, index) => `a${String(index)}: hello`).join(' ');
    const bodies: string[] = [];
    for (const headers of [
      { upgrade: 'x' },
      { upgrade: 'websocket' },
      { upgrade: 'h2c', connection: 'keep-alive, HTTP2-Settings' },
    ]) {
      bodies.push(await postRaw(`${test?.url ?? ''}/graphql`, `{ ${aliases} }`, headers));
    }
    for (const body of bodies) {
      expect(Object.keys((JSON.parse(body) as GraphqlAnswer).data ?? {})).toHaveLength(200);
    }
    expect(validated()).toBe(3);
  });
});

/** With headers that fetch does not let through. */
async function postRaw(url: string, query: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = nodeRequest(
      url,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: issuer.bearer({ sub: 'ada' }),
          ...headers,
        },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text));
      },
    );
    request.on('error', reject);
    request.end(JSON.stringify({ query }));
  });
}
