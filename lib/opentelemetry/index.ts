export { IdentityOpenTelemetryModule } from './identity-opentelemetry.module.js';
export type { IdentityOpenTelemetryOptions } from './identity-opentelemetry.js';
