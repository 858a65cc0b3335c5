import { UseGuards, type DynamicModule, type INestApplication } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Args,
  Field,
  GraphQLModule,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  OptionalAuth,
  Public,
  RequireScopes,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import type { Clock } from '../../../lib/cache/clock.js';
import { createApp, type Platform } from '../create-app.js';
import { bearer, toOutcome, type Outcome, type TransportUnderTest } from './target.js';

@ObjectType()
class Order {
  @Field() id!: string;
}

@UseGuards(IdentityAuthGuard)
@Resolver(() => Order)
class OrdersResolver {
  @Query(() => String) me(@Claims('sub') sub: string): string {
    return sub;
  }
  @RequireScopes('orders:write') @Mutation(() => String) create(): string {
    return 'created';
  }
  @Public() @Query(() => String) open(@Claims('sub') sub: string | undefined): string {
    return String(sub);
  }
  @OptionalAuth() @Query(() => String) greet(@Claims('sub') sub: string | undefined): string {
    return sub ?? 'stranger';
  }
  @Query(() => Order) order(@Args('id') id: string): Order {
    return { id };
  }
  @ResolveField(() => String) owner(@Parent() _order: Order, @Claims('sub') sub: string): string {
    return sub;
  }

  @Subscription(() => String) meEvents(@Claims('sub') sub: string): AsyncIterator<unknown> {
    return events('meEvents', sub);
  }
  @RequireScopes('orders:write') @Subscription(() => String) createEvents(): AsyncIterator<unknown> {
    return events('createEvents', 'created');
  }
  @Public() @Subscription(() => String) openEvents(
    @Claims('sub') sub: string | undefined,
  ): AsyncIterator<unknown> {
    return events('openEvents', String(sub));
  }
  @OptionalAuth() @Subscription(() => String) greetEvents(
    @Claims('sub') sub: string | undefined,
  ): AsyncIterator<unknown> {
    return events('greetEvents', sub ?? 'stranger');
  }
}

/** One event, and then none until the subscription is ended from either side. */
function events(name: string, value: string): AsyncIterator<unknown> {
  let release: (result: IteratorResult<unknown>) => void = () => undefined;
  let isFirst = true;
  const iterator: AsyncIterableIterator<unknown> = {
    [Symbol.asyncIterator]: () => iterator,
    next: async () => {
      if (!isFirst) return new Promise((resolve) => (release = resolve));
      isFirst = false;
      return { done: false, value: { [name]: value } };
    },
    return: async () => {
      release({ done: true, value: undefined });
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

const apollo = (): DynamicModule =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    graphiql: false,
    allowBatchedHttpRequests: true,
    subscriptions: { 'graphql-ws': true },
  });

const mercurius = (): DynamicModule =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    autoSchemaFile: true,
    graphiql: false,
    allowBatchedQueries: true,
    subscription: true,
  });

export const GRAPHQL_SERVERS = {
  'Apollo on Express': { platform: 'express', module: apollo },
  'Apollo on Fastify': { platform: 'fastify', module: apollo },
  Mercurius: { platform: 'fastify', module: mercurius },
} as const satisfies Record<string, { platform: Platform; module: () => DynamicModule }>;
export type GraphqlServer = keyof typeof GRAPHQL_SERVERS;

export interface GraphqlApp {
  readonly app: INestApplication;
  readonly url: string;
}

export async function startGraphql(
  server: GraphqlServer,
  options: IdentityModuleOptions,
  clock?: Clock,
): Promise<GraphqlApp> {
  const { platform, module } = GRAPHQL_SERVERS[server];
  const { app, url } = await createApp(
    platform,
    {
      imports: [IdentityModule.forRoot(options), module()],
      providers: [OrdersResolver],
    },
    undefined,
    clock,
  );
  return { app, url: `${url}/graphql` };
}

export interface GraphqlAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors?:
    undefined | readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

/** Sends one operation, or several in one request. */
export async function post<T = GraphqlAnswer>(
  url: string,
  query: string | string[],
  token?: string,
): Promise<T> {
  const body = typeof query === 'string' ? { query } : query.map((each) => ({ query: each }));
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

export function connect(url: string, connectionParams: Record<string, unknown>): Client {
  return createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
  });
}

function overPost(server: GraphqlServer): TransportUnderTest {
  return {
    name: `GraphQL: ${server}`,
    hasCodes: true,
    async start(options) {
      const { app, url } = await startGraphql(server, options);
      return {
        async call(operation, token) {
          const query = operation === 'create' ? 'mutation { create }' : `{ ${operation} }`;
          return readAnswer(await post(url, query, token), operation);
        },
        close: () => app.close(),
      };
    },
  };
}

function overSubscription(server: GraphqlServer): TransportUnderTest {
  return {
    name: `GraphQL subscription over graphql-ws: ${server}`,
    hasCodes: true,
    async start(options) {
      const { app, url } = await startGraphql(server, options);
      return {
        async call(operation, token) {
          const client = connect(url, token === undefined ? {} : { Authorization: `Bearer ${token}` });
          const field = `${operation}Events`;
          const subscription = client.iterate({
            query: `subscription { ${field} }`,
          });
          try {
            const event: IteratorResult<GraphqlAnswer, unknown> = await subscription.next();
            return readAnswer(event.value as GraphqlAnswer, field);
          } catch (error) {
            if (!Array.isArray(error)) throw error;
            return readAnswer({ errors: error as GraphqlAnswer['errors'] & object }, field);
          } finally {
            await client.dispose();
          }
        },
        close: () => app.close(),
      };
    },
  };
}

function readAnswer({ data, errors }: GraphqlAnswer, field: string): Outcome {
  const [error] = errors ?? [];
  return error === undefined ? { value: String(data?.[field]) } : toOutcome(error.extensions);
}

export const GRAPHQL_TRANSPORTS: readonly TransportUnderTest[] = [
  overPost('Apollo on Express'),
  overPost('Apollo on Fastify'),
  overPost('Mercurius'),
  overSubscription('Apollo on Express'),
  overSubscription('Apollo on Fastify'),
  overSubscription('Mercurius'),
];
