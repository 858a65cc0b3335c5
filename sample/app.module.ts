import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { TerminusModule } from '@nestjs/terminus';
import { IdentityAuthGuard, IdentityModule } from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { mcpUser } from 'nestjs-identity-model/mcp';
import { IdentityPrometheusModule } from 'nestjs-identity-model/prometheus';
import { HealthController } from './health/health.controller.js';
import { McpController } from './mcp/mcp.controller.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersGateway } from './orders/orders.gateway.js';
import { OrdersResolver } from './orders/orders.resolver.js';
import { OrdersService } from './orders/orders.service.js';
import { AUDIENCE, OPERATOR_SCOPE, SCOPES } from './provider/demo.js';

@Module({})
export class AppModule {
  /** @param publicUrl - where clients find the API. */
  static forIssuer(issuer: string, publicUrl = 'http://localhost:3000'): DynamicModule {
    return {
      module: AppModule,
      imports: [
        IdentityModule.forRoot({
          issuer,
          publicUrl,
          resources: [
            { url: '/', name: 'Orders', scopes: [...SCOPES], audience: AUDIENCE },
            { url: '/mcp', name: 'Orders for agents', scopes: [...SCOPES] },
          ],
          mapUser: mcpUser(),
        }),
        IdentityPrometheusModule.forRoot(),
        IdentityDashboardModule.forRoot({ requiredScopes: [OPERATOR_SCOPE] }),
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          graphiql: false,
          includeStacktraceInErrorResponses: false,
        }),
        TerminusModule,
      ],
      controllers: [OrdersController, HealthController, McpController, MetricsController],
      providers: [
        OrdersService,
        OrdersResolver,
        OrdersGateway,
        { provide: APP_GUARD, useExisting: IdentityAuthGuard },
      ],
    };
  }
}
