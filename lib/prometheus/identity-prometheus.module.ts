import { Module, type DynamicModule } from '@nestjs/common';
import {
  IdentityPrometheus,
  PROMETHEUS_OPTIONS,
  type IdentityPrometheusOptions,
} from './identity-prometheus.js';

/**
 * Registers what `IdentityModule` measures with prom-client. It finds the global `IdentityModule`; beside one
 * with `isGlobal: false`, hand that over in `imports`. No route is mounted: see docs/observability.md.
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
