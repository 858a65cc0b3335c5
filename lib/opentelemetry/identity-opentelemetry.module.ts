import { Module, type DynamicModule } from '@nestjs/common';
import {
  IdentityOpenTelemetry,
  OPENTELEMETRY_OPTIONS,
  type IdentityOpenTelemetryOptions,
} from './identity-opentelemetry.js';

/**
 * Exports the metrics of `IdentityModule` to OpenTelemetry, and makes spans of validations and requests. It finds the global
 * `IdentityModule`; with `isGlobal: false`, pass that module in `imports`.
 *
 * @example
 * @Module({
 *   imports: [
 *     IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' }),
 *     IdentityOpenTelemetryModule.forRoot({ spans: false }),
 *   ],
 * })
 * export class AppModule {}
 */
@Module({})
export class IdentityOpenTelemetryModule {
  static forRoot(
    options: IdentityOpenTelemetryOptions & { readonly imports?: DynamicModule['imports'] | undefined } = {},
  ): DynamicModule {
    const { imports, ...own } = options;
    return {
      module: IdentityOpenTelemetryModule,
      imports: imports ?? [],
      providers: [{ provide: OPENTELEMETRY_OPTIONS, useValue: own }, IdentityOpenTelemetry],
    };
  }
}
