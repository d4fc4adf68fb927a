export { type AdmissionRequestOptions, createAdmissionRequest } from './admission-request.js';
export { BUILT_IN_CONTROLLERS, type BuiltInSelection, createBuiltInControllers } from './built-in-controllers.js';
export { AdmissionChain, type ChainOptions } from './chain.js';
export {
  type AdmissionConfiguration,
  loadAdmissionConfiguration,
  type PluginConfigurationEntry,
  parseAdmissionConfiguration,
} from './configuration.js';
export * from './interface.js';
export { MemoryObjects, memoryDependencies } from './memory-objects.js';
export { canonicalPluginName, isDefaultPlugin, PLUGIN_ORDER, resolvePlugins } from './names.js';
export type { AdmissionAllowed, AdmissionDenied, AdmissionOutcome } from './outcome.js';
export { type AllowOptions, allow, deny, forbiddenFor } from './response.js';
