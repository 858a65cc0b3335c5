import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Controller,
  Injectable,
  Logger,
  Post,
  SetMetadata,
  UseGuards,
  type ModuleMetadata,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  Field,
  GraphQLModule,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
  ResolveReference,
} from '@nestjs/graphql';
import { MessagePattern, Transport } from '@nestjs/microservices';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityModule,
  Public,
  RequireScopes,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { createApp, type TestApp } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { freePort } from './support/transports/microservices.js';
import { post } from './support/transports/graphql.js';

@WebSocketGateway()
class OpenGateway {
  @RequireScopes('orders:write') @SubscribeMessage('create') create(): string {
    return 'created';
  }
}

@Controller()
class OpenMessages {
  @RequireScopes('orders:write') @MessagePattern('create') create(): string {
    return 'created';
  }
}

@Resolver()
class OpenResolver {
  @RequireScopes('orders:write') @Query(() => String) create(): string {
    return 'created';
  }
}

@Public()
@WebSocketGateway()
class ConfusedGateway {
  @Public() @RequireScopes('orders:write') @SubscribeMessage('create') create(): string {
    return 'created';
  }
}

@ObjectType()
class Account {
  @Field() id!: string;
}

@UseGuards(IdentityAuthGuard)
@Resolver(() => Account)
class AccountsResolver {
  @Query(() => Account) account(): Account {
    return { id: '1' };
  }
  @RequireScopes('accounts:balance') @ResolveField(() => Number, { nullable: true }) balance(): number {
    return 7;
  }
}

/** What a gateway of federation asks for; nobody else does. */
@UseGuards(IdentityAuthGuard)
@Resolver(() => Account)
class ReferencesResolver {
  @Query(() => Account) account(): Account {
    return { id: '1' };
  }
  @RequireScopes('accounts:read') @ResolveReference() reference(): Account {
    return { id: '1' };
  }
}

@RequireScopes('accounts:read')
@UseGuards(IdentityAuthGuard)
@Resolver(() => Account)
class DemandingReferencesResolver {
  @Query(() => Account) account(): Account {
    return { id: '1' };
  }
  @ResolveReference() reference(): Account {
    return { id: '1' };
  }
}

/** As @ResolveField marks it, which would put it into the schemas of all tests. */
@UseGuards(IdentityAuthGuard)
@Resolver()
class TypesResolver {
  @RequireScopes('accounts:read') @SetMetadata('graphql:resolve_property', true) __resolveType(): string {
    return 'Account';
  }
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class HookedGateway {
  @RequireScopes('admin') handleConnection(): void {}
}

@UseGuards(IdentityAuthGuard)
@Controller()
class HelpedController {
  @RequireScopes('admin') helper(): void {}
}

@UseGuards(IdentityAuthGuard)
@Resolver()
class HelpedResolver {
  @RequireScopes('admin') static helper(): void {}
}

abstract class Demanding {
  @RequireScopes('admin') create(): string {
    return 'created';
  }
  @RequireScopes('admin') remove(): void {}
}

/** Inherits demands, but shows none of the methods as they were. */
@UseGuards(IdentityAuthGuard)
@Controller()
class OverridingController extends Demanding {
  @RequireScopes('orders:write') @Post() override create(): string {
    return super.create();
  }
  override remove(): void {}
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class InheritingGateway extends Demanding {
  override remove(): void {}
}

@RequireScopes('accounts:read')
@UseGuards(IdentityAuthGuard)
@Resolver(() => Account)
class FieldsOnlyResolver {
  @ResolveField(() => Number, { nullable: true }) balance(): number {
    return 7;
  }
}

@RequireScopes('accounts:read')
@Resolver(() => Account)
class UnguardedFieldsResolver {
  @ResolveField(() => Number, { nullable: true }) balance(): number {
    return 7;
  }
}

@Resolver(() => Account)
class AccountQueries {
  @Query(() => Account) account(): Account {
    return { id: '1' };
  }
}

/** The same fields by way of a query of its own. */
@RequireScopes('accounts:read')
@UseGuards(IdentityAuthGuard)
@Resolver(() => Account)
class MixedResolver {
  @Query(() => Account) account(): Account {
    return { id: '1' };
  }
  @ResolveField(() => Number, { nullable: true }) balance(): number {
    return 7;
  }
}

@RequireScopes('orders:read')
@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class PushingGateway {
  @WebSocketServer() readonly server: unknown;
  handleConnection(): void {}
}

@Injectable()
class DemandingService {
  @RequireScopes('orders:write') create(): void {}
}

@RequireScopes('orders:write')
@Injectable()
class DemandingClassService {
  create(): void {}
}

@RequireScopes('orders:write')
@Controller()
class EmptyController {}

@RequireScopes('orders:write')
@Controller()
class ListedTwice {
  @UseGuards(IdentityAuthGuard) @Post() create(): void {}
}

/** A message whose override has no decorator is none any more; one that has a decorator of Nest again is. */
class ParentGateway {
  @RequireScopes('orders:write') @SubscribeMessage('create') create(): string {
    return 'created';
  }
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class SilentGateway extends ParentGateway {
  override create(): string {
    return super.create();
  }
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class ForgetfulGateway extends ParentGateway {
  @SubscribeMessage('create') override create(): string {
    return super.create();
  }
}

const graphql = (enhancers: ApolloDriverConfig['fieldResolverEnhancers']): ModuleMetadata['imports'] => [
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    graphiql: false,
    ...(enhancers && { fieldResolverEnhancers: enhancers }),
  }),
];

describe('the check at start', () => {
  let provider: ProviderDouble;
  const apps: TestApp[] = [];

  beforeEach(async () => {
    provider = await ProviderDouble.start();
  });

  afterEach(async () => {
    for (const { app } of apps.splice(0)) await app.close();
    await provider.stop();
  });

  async function start(
    { imports = [], ...metadata }: ModuleMetadata,
    options: Partial<IdentityModuleOptions> = {},
  ): Promise<TestApp> {
    const identity = IdentityModule.forRoot({ issuer: provider.issuer, audience: 'orders-api', ...options });
    const target = await createApp('express', { imports: [identity, ...imports], ...metadata });
    apps.push(target);
    return target;
  }

  const global = { provide: APP_GUARD, useExisting: IdentityAuthGuard };
  const open: [name: string, metadata: () => ModuleMetadata][] = [
    ['a gateway', () => ({ providers: [OpenGateway] })],
    ['a message handler', () => ({ controllers: [OpenMessages] })],
    ['a resolver', () => ({ imports: graphql(undefined) ?? [], providers: [OpenResolver] })],
    [
      'a field that guards are not run for',
      () => ({ imports: graphql(undefined) ?? [], providers: [AccountsResolver] }),
    ],
    [
      'a field that guards are not run for, global ones included',
      () => ({ imports: graphql(['filters']) ?? [], providers: [AccountsResolver, global] }),
    ],
    [
      'a reference that guards are not run for',
      () => ({ imports: graphql(undefined) ?? [], providers: [ReferencesResolver, global] }),
    ],
    [
      'a reference that guards are not run for, whose class demands something',
      () => ({ imports: graphql(undefined) ?? [], providers: [DemandingReferencesResolver] }),
    ],
    ['a type that guards are never run for', () => ({ providers: [TypesResolver, global] })],
    ['a hook of a gateway', () => ({ providers: [HookedGateway, global] })],
    ['a method of a controller that is no route', () => ({ controllers: [HelpedController] })],
    [
      'a static method of a resolver',
      () => ({ imports: graphql(undefined) ?? [], providers: [OpenResolver, HelpedResolver, global] }),
    ],
    ['an inherited method that is no handler', () => ({ providers: [InheritingGateway] })],
    ['a gateway that only pushes', () => ({ providers: [PushingGateway, global] })],
    [
      'a resolver of fields that guards are not run for',
      () => ({ imports: graphql(undefined) ?? [], providers: [AccountQueries, FieldsOnlyResolver, global] }),
    ],
    [
      'a resolver of fields that guards are run for, without a guard,',
      () => ({ imports: graphql(['guards']) ?? [], providers: [AccountQueries, UnguardedFieldsResolver] }),
    ],
    ['a method of a service', () => ({ providers: [DemandingService, global] })],
    ['the class of a service', () => ({ providers: [DemandingClassService, global] })],
    ['a controller without routes', () => ({ controllers: [EmptyController], providers: [global] })],
    [
      'a resolver that a factory makes',
      () => ({
        imports: graphql(undefined) ?? [],
        providers: [{ provide: 'made', useFactory: () => new OpenResolver() }],
      }),
    ],
  ];

  it.each(open)('finds %s that demands something and has no guard', async (_name, metadata) => {
    expect(await rejectionOf(start(metadata()))).toBe('route_unguarded');
  });

  it('names a method that no guard is asked about, and why', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await start({ providers: [HookedGateway] }, { unguarded: 'warn' });
    expect(warn.mock.calls.flat().join('\n')).toMatch(/HookedGateway\.handleConnection \(no handler/);
  });

  it.each<[string, () => ModuleMetadata]>([
    [
      'fields only that guards are run for',
      () => ({ imports: graphql(['guards']) ?? [], providers: [AccountQueries, FieldsOnlyResolver] }),
    ],
    [
      'a controller that is listed as a provider, too',
      () => ({ controllers: [ListedTwice], providers: [ListedTwice] }),
    ],
    ['a gateway whose override is no message any more', () => ({ providers: [SilentGateway] })],
  ])('is content with %s', async (_name, metadata) => {
    await start(metadata());
  });

  it('finds a message that overrides one with a demand, and has none itself', async () => {
    expect(await rejectionOf(start({ providers: [ForgetfulGateway] }))).toBe('access_contradiction');
  });

  it('warns of fields that their class demands something for, and that guards are not run for', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await start({ imports: graphql(undefined) ?? [], providers: [MixedResolver] });
    expect(warn.mock.calls.flat().join('\n')).toMatch(/MixedResolver\.balance\. .*fieldResolverEnhancers/);
    warn.mockClear();
    await start({ imports: graphql(['guards']) ?? [], providers: [MixedResolver] });
    await start({ imports: graphql(undefined) ?? [], providers: [AccountQueries] });
    expect(warn.mock.calls.flat().join('\n')).not.toContain('fieldResolverEnhancers');
  });

  it('is content where no method with a demand is left but handlers', async () => {
    await start({ controllers: [OverridingController] });
  });

  it('is content with references that guards are run for', async () => {
    await start({ imports: graphql(['guards']) ?? [], providers: [ReferencesResolver] });
  });

  it('finds a message of a gateway that is public and demanding at once', async () => {
    expect(await rejectionOf(start({ providers: [ConfusedGateway, global] }))).toBe('access_contradiction');
  });

  it('is content with a global guard for resolvers', async () => {
    await start({ imports: graphql(undefined) ?? [], providers: [OpenResolver, global] });
  });

  it('is content with fields that guards are run for, and they are', async () => {
    const { url } = await start({ imports: graphql(['guards']) ?? [], providers: [AccountsResolver] });
    const query = '{ account { id balance } }';
    const poor = await post(`${url}/graphql`, query, provider.token());
    expect(poor.data).toEqual({ account: { id: '1', balance: null } });
    expect(poor.errors?.[0]?.extensions).toMatchObject({ code: 'scope_missing', status: 403 });
    const rich = await post(`${url}/graphql`, query, provider.token({ scope: 'accounts:balance' }));
    expect(rich.data).toEqual({ account: { id: '1', balance: 7 } });
  });

  it('warns of message handlers that a hybrid application may leave open', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { app } = await start({ controllers: [OpenMessages], providers: [global] });
    expect(warn.mock.calls.flat().join('\n')).toMatch(/OpenMessages\.create.*inheritAppConfig: true/);
    const options = { host: '127.0.0.1', port: await freePort() };
    app.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig: true });
    await app.startAllMicroservices();
  });
});
