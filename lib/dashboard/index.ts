export { IdentityDashboardModule } from './identity-dashboard.module.js';
export type { IdentityDashboardOptions } from './dashboard-options.js';
