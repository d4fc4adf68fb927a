import type { KindValidation } from '../validation/kind-validation.js';
import type { CrdObject } from './crd-object.js';
import { validateChangedDefinition, validateNewDefinition, validateStatusChange } from './validate-definition.js';

/** Validation of CustomResourceDefinitions. */
export const definitionValidation: KindValidation = {
  create: (object, errors) => validateNewDefinition(object as CrdObject, errors),
  update: (object, old, errors) => validateChangedDefinition(object as CrdObject, old as CrdObject, errors),
  subresources: { status: (object, _old, errors) => validateStatusChange(object as CrdObject, errors) },
};
