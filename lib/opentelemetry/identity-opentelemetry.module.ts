import { Module, type DynamicModule } from '@nestjs/common';
import {
  IdentityOpenTelemetry,
  OPENTELEMETRY_OPTIONS,
  type IdentityOpenTelemetryOptions,
} from './identity-opentelemetry.js';

/**
 * Hands what `IdentityModule` measures to OpenTelemetry. It finds the global `IdentityModule`; beside one with
 * `isGlobal: false`, hand that over in `imports`.
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
