import type { CrdObject } from '@k/api';
import { newInvalid } from '@k/apimachinery';
import type { WriteHook } from '../../server-context.js';
import { validateDefinitionRules } from './definition-rules.js';

/** Refuses definitions whose rules are no valid expressions. Definitions that are invalid anyway are left to validation. */
export const definitionRulesCheck: NonNullable<WriteHook['check']> = async (server, _context, object, old) => {
  const definition = server.catalogue.findResource('apiextensions.k8s.io', 'customresourcedefinitions');
  const { validate, validateUpdate } = definition?.strategy ?? {};
  const known = old === null ? validate?.(object) : validateUpdate?.(object, old, '');
  if (known !== undefined && known.length > 0) return;
  const errors = validateDefinitionRules(object as CrdObject);
  if (errors.length === 0) return;
  throw newInvalid({ group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' }, object.metadata?.name ?? '', errors);
};
