import type { FieldError, KubeObject } from '@k/apimachinery';
import type { SchemaNode } from './structural-schema.js';

/** Runs the rules of a schema over an object; `old` is what it replaces. */
export type RuleValidator = (object: KubeObject, old: KubeObject | undefined) => FieldError[];

/** Compiles the rules of a schema. The expression language is not this package's. */
export type RuleCompiler = (root: SchemaNode) => RuleValidator;

/** Whether any node of a schema has rules. */
export function hasRules(node: SchemaNode): boolean {
  if (node.rules.length > 0) return true;
  for (const child of node.properties.values()) if (hasRules(child)) return true;
  return (node.items !== undefined && hasRules(node.items)) || (node.values !== undefined && hasRules(node.values));
}
