import { Module, type DynamicModule } from '@nestjs/common';
import {
  IdentityPrometheus,
  PROMETHEUS_OPTIONS,
  type IdentityPrometheusOptions,
} from './identity-prometheus.js';

/**
 * Registers the metrics of `IdentityModule` with prom-client. It finds the global `IdentityModule`; with `isGlobal: false`,
 * pass that module in `imports`. No route is mounted: see docs/operations/metrics.md.
 *
 * @example
 * @Module({
 *   imports: [
 *     IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' }),
 *     IdentityPrometheusModule.forRoot(),
 *   ],
 *   controllers: [MetricsController], // returns await prometheus.metrics()
 * })
 * export class AppModule {}
 */
@Module({})
export class IdentityPrometheusModule {
  static forRoot(
    options: IdentityPrometheusOptions & { readonly imports?: DynamicModule['imports'] | undefined } = {},
  ): DynamicModule {
    const { imports, ...own } = options;
    return {
      module: IdentityPrometheusModule,
      imports: imports ?? [],
      providers: [{ provide: PROMETHEUS_OPTIONS, useValue: own }, IdentityPrometheus],
      exports: [IdentityPrometheus],
    };
  }
}
