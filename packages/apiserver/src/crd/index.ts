export { definitionController } from './definition-controller.js';
export { ServedDefinitions } from './served-definitions.js';
