export type { AdmissionRunner } from './admission-runner.js';
export type { Filter, RequestContext } from './context.js';
export { type HealthCheck, VERSION } from './filters/health.js';
export { type ApiServer, type ServerOptions, startApiServer } from './server.js';
