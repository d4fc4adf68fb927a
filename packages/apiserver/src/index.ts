export type { AdmissionRunner } from './admission-runner.js';
export { AddressRange } from './allocators/address-range.js';
export { PortRange } from './allocators/port-range.js';
export type { Filter, RequestContext } from './context.js';
export { identityName } from './controllers/identity-lease.js';
export { type HealthCheck, VERSION } from './filters/health.js';
export { createServerMetrics, type ServerMetrics } from './metrics.js';
export { type ApiServer, type ServerOptions, startApiServer } from './server.js';
export type { AuthorizerChoice } from './server-authorizer.js';
