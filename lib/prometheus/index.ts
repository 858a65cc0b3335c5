export { IdentityPrometheusModule } from './identity-prometheus.module.js';
export { IdentityPrometheus, type IdentityPrometheusOptions } from './identity-prometheus.js';
