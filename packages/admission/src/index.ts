export { type BuiltInSelection, createBuiltInControllers } from './built-in-controllers.js';
export { AdmissionChain, type ChainOptions } from './chain.js';
export {
  type AdmissionConfiguration,
  loadAdmissionConfiguration,
  type PluginConfigurationEntry,
  parseAdmissionConfiguration,
} from './configuration.js';
export * from './interface.js';
export { canonicalPluginName, isDefaultPlugin, PLUGIN_ORDER, resolvePlugins } from './names.js';
export type { AdmissionAllowed, AdmissionDenied, AdmissionOutcome } from './outcome.js';
export { type AllowOptions, allow, deny, forbiddenFor } from './response.js';
