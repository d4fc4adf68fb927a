import { Environment } from '@marcbachmann/cel-js';
import { registerAuthorizer } from './authorizer.js';
import { registerFunctions } from './functions.js';

/** Structure that an expression may have; far above what people write. */
const LIMITS = { maxAstNodes: 20_000, maxDepth: 100, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 };

/** What an admission expression may read: `object`, `oldObject`, `request` and `authorizer`, and Kubernetes' functions. */
export function createAdmissionEnvironment(): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: LIMITS });
  registerFunctions(environment);
  registerAuthorizer(environment);
  return environment.registerVariable('object', 'dyn').registerVariable('oldObject', 'dyn').registerVariable('request', 'dyn');
}
