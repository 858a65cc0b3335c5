import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { BooksResolver } from './books.resolver.js';

@Module({
  imports: [
    IdentityModule.forRootAsync({
      useFactory: (): IdentityModuleOptions => ({
        issuer: process.env['OIDC_ISSUER'],
        audience: process.env['OIDC_AUDIENCE'],
      }),
    }),
    GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: true,
      // Without it, Nest asks no guard about @ResolveField, and requirements there stop the start.
      fieldResolverEnhancers: ['guards'],
    }),
  ],
  providers: [BooksResolver],
})
export class AppModule {}
