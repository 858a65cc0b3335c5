import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { UseGuards, type DynamicModule, type Type } from '@nestjs/common';
import { Field, GraphQLModule, ObjectType, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  IdentityStats,
  ProtectedResource,
  Public,
  RequireScopes,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, type Platform } from './support/create-app.js';
import { post, type GraphqlAnswer } from './support/transports/graphql.js';

const API = 'https://api.example.com';
const NOTES = `${API}/notes`;
const issuer = TestIssuer.inMemory({ audience: API });

@ObjectType()
class Note {
  @Field() id!: string;
}

/** Belongs to the first resource; its operations lead to fields of the other. */
@UseGuards(IdentityAuthGuard)
@Resolver()
class Entrance {
  @Query(() => Note) entrance(): Note {
    return { id: '1' };
  }
  @Public() @Query(() => Note) open(): Note {
    return { id: '2' };
  }
}

@UseGuards(IdentityAuthGuard)
@ProtectedResource(NOTES)
@Resolver(() => Note)
class Notes {
  @Query(() => Note) note(): Note {
    return { id: '3' };
  }
  @ResolveField(() => String, { nullable: true }) owner(@Claims('sub') sub: string): string {
    return sub;
  }
  @ProtectedResource(API) @ResolveField(() => String, { nullable: true }) status(): string {
    return 'fine';
  }
  @RequireScopes('notes:read', { mode: 'report' })
  @ResolveField(() => String, { nullable: true })
  body(): string {
    return 'text';
  }
}

type Enhancers = { readonly fieldResolverEnhancers?: 'guards'[] };
const COMMON = { autoSchemaFile: true, graphiql: false } as const;
const SERVERS: Readonly<Record<string, readonly [Platform, (enhancers: Enhancers) => DynamicModule]>> = {
  'Apollo on Express': ['express', apollo],
  'Apollo on Fastify': ['fastify', apollo],
  Mercurius: [
    'fastify',
    (enhancers) =>
      GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, ...COMMON, ...enhancers }),
  ],
};

function apollo(enhancers: Enhancers): DynamicModule {
  return GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, ...COMMON, ...enhancers });
}

describe.each(Object.entries(SERVERS))(
  'fields of a class with @ProtectedResource, %s',
  (_name, [platform, graphql]) => {
    async function start(
      resolvers: readonly Type[] = [Entrance, Notes],
      enhancers: Enhancers = { fieldResolverEnhancers: ['guards'] },
    ): Promise<{
      ask: (query: string, audience?: string) => Promise<GraphqlAnswer>;
      stats: IdentityStats;
    }> {
      const { app, url } = await createApp(platform, {
        imports: [
          IdentityModule.forRoot(
            issuer.moduleOptions({ audience: undefined, resources: [{ url: API }, { url: NOTES }] }),
          ),
          graphql(enhancers),
        ],
        providers: [...resolvers],
      });
      onTestFinished(() => app.close());
      return {
        ask: (query, audience) =>
          post(
            `${url}/graphql`,
            query,
            audience === undefined ? undefined : issuer.token({ audience, sub: 'ada' }),
          ),
        stats: app.get(IdentityStats),
      };
    }

    const codes = ({ errors }: GraphqlAnswer): unknown[] =>
      (errors ?? []).map(({ extensions }) => extensions?.['code']);

    it('need a token for that resource, whichever operation leads to them', async () => {
      const { ask } = await start();
      const entered = await ask('{ entrance { id owner } }', API);
      expect(codes(entered)).toEqual(['audience_mismatch']);
      expect(entered.data).toEqual({ entrance: { id: '1', owner: null } });
      const opened = await ask('{ open { id owner } }', NOTES);
      expect(codes(opened)).toEqual([]);
      expect(opened.data).toEqual({ open: { id: '2', owner: 'ada' } });
      expect(codes(await ask('{ open { owner } }', API))).toEqual(['audience_mismatch']);
      expect(codes(await ask('{ open { owner } }'))).toEqual(['token_missing']);
      expect(codes(await ask('{ note { owner } }', API))).toEqual(['audience_mismatch']);
      expect((await ask('{ note { owner } }', NOTES)).data).toEqual({ note: { owner: 'ada' } });
    });

    it('belong to the one that they name themselves, beside others in one operation', async () => {
      const { ask } = await start();
      const both = await ask('{ open { status owner } }', API);
      expect(both.data).toEqual({ open: { status: 'fine', owner: null } });
      expect(codes(both)).toEqual(['audience_mismatch']);
      const reversed = await ask('{ open { owner status } }', NOTES);
      expect(reversed.data).toEqual({ open: { owner: 'ada', status: null } });
      expect(codes(reversed)).toEqual(['audience_mismatch']);
    });

    it('are let in and counted where what they demand is only reported; the resource stays enforced', async () => {
      const { ask, stats } = await start();
      expect((await ask('{ open { body owner } }', NOTES)).data).toEqual({
        open: { body: 'text', owner: 'ada' },
      });
      expect(codes(await ask('{ open { body } }', API))).toEqual(['audience_mismatch']);
      expect(codes(await ask('{ open { body } }'))).toEqual(['token_missing']);
      const { reported, issuers } = stats.snapshot();
      expect(reported).toMatchObject([
        { route: 'Notes.body', calls: 1, wouldDeny: [{ code: 'scope_missing', count: 1 }] },
      ]);
      expect(issuers[0]?.wouldDeny).toMatchObject([{ code: 'scope_missing', count: 1 }]);
    });

    it('stop the start where no guard is asked about them', async () => {
      await expect(start([Entrance, Notes], {})).rejects.toThrow(
        /No IdentityAuthGuard is asked about these routes.*Notes\.status \(set fieldResolverEnhancers: \['guards'\].*Notes\.body \(set/,
      );
    });
  },
);
