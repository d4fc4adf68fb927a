import { Environment } from '@marcbachmann/cel-js';
import { registerAuthorizer } from './authorizer.js';
import { registerNamedFormats } from './functions/named-formats.js';
import { registerNetwork } from './functions/network.js';
import { registerSemver } from './functions/semver.js';
import { registerStringExtensions } from './functions/strings.js';
import { registerTranslated } from './functions/translated.js';
import { registerFunctions } from './functions.js';

/** Structure that an expression may have; far above what people write. */
const LIMITS = { maxAstNodes: 20_000, maxDepth: 200, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 };

/** What the checker lets through; which of them an expression has is its declarations' matter. */
const VARIABLES = ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'self', 'oldSelf', 'claims', 'user'];

/** Where expressions of all parts of the server run: CEL's functions and Kubernetes', and variables by any name that one of them has. */
export function createExpressionEnvironment(): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: LIMITS });
  registerFunctions(environment);
  registerTranslated(environment);
  registerStringExtensions(environment);
  registerNetwork(environment);
  registerSemver(environment);
  registerNamedFormats(environment);
  registerAuthorizer(environment);
  environment.registerFunction('_jsonpatch_escapeKey(string): string', (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'));
  for (const name of VARIABLES) environment.registerVariable(name, 'dyn');
  return environment;
}
