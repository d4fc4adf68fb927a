export { webhookConverters } from './conversion/webhook-converter.js';
export { definitionController } from './definition-controller.js';
export { ServedDefinitions } from './served-definitions.js';
