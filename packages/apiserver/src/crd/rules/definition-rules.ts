/** Checks the rules of a definition's schemas as expressions: they compile, have the right type, and cost little enough. */

import type { CelExpression, CelType } from '@k/admission/cel';
import { type CrdObject, compileSchema, printedRule, type SchemaNode, schemaPlace, type ValidationRule } from '@k/api';
import { type FieldError, forbidden, invalid, OMIT_VALUE } from '@k/apimachinery';
import { costFault, elementsMax } from './rule-cost.js';
import { compileCondition, compileMessage, isTransition, RuleFault, selfType } from './rule-program.js';

const NO_TYPE = 'internal error: failed to retrieve type information for x-kubernetes-validations';

/** Where the walk is. */
interface Place {
  path: string;
  isRoot: boolean;
  /** How often a rule here runs for one object. */
  times: number;
  /** The list whose entries cannot be told from one version to the next, if the walk is inside one. */
  uncorrelatable: string | null;
}

/** All errors of the rules of all versions. */
export function validateDefinitionRules(crd: CrdObject): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  crd.spec?.versions?.forEach((version, i) => {
    const schema = version.schema?.openAPIV3Schema;
    const path = schemaPlace(crd, i);
    if (schema === undefined || seen.has(path)) return;
    seen.add(path);
    visit(compileSchema(schema), { path, isRoot: true, times: 1, uncorrelatable: null }, errors);
  });
  return errors;
}

function visit(node: SchemaNode, place: Place, errors: FieldError[]): void {
  const at = `${place.path}.x-kubernetes-validations`;
  const self = node.rules.length === 0 ? null : selfType(node, place.isRoot);
  if (self !== null) errors.push(...node.rules.flatMap((rule, i) => checkRule(rule, self, place, node, `${at}[${i}]`)));
  else if (node.rules.length > 0) errors.push({ type: 'InternalError', field: at, badValue: OMIT_VALUE, detail: NO_TYPE });
  for (const [name, child] of node.properties) visit(child, { ...place, isRoot: false, path: `${place.path}.properties[${name}]` }, errors);
  const times = place.times * elementsMax(node);
  if (node.items !== undefined) {
    const path = `${place.path}.items`;
    const uncorrelatable = place.uncorrelatable ?? (node.listType === 'map' ? null : path);
    visit(node.items, { path, isRoot: false, times, uncorrelatable }, errors);
  }
  if (node.values !== undefined) visit(node.values, { ...place, isRoot: false, times, path: `${place.path}.additionalProperties` }, errors);
}

function checkRule(rule: ValidationRule, self: CelType, place: Place, node: SchemaNode, at: string): FieldError[] {
  const costly = (what: 'rule' | 'messageExpression', expression: CelExpression): FieldError[] => {
    const fault = costFault(what, expression, node, place.times);
    return fault === null ? [] : [forbidden(`${at}.${what}`, fault)];
  };
  try {
    const condition = compileCondition(rule, self);
    const errors = costly('rule', condition);
    if (isTransition(condition) && place.uncorrelatable !== null) {
      errors.push(
        invalid(
          `${at}.rule`,
          rule.rule,
          `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`,
        ),
      );
    }
    return [...messageErrors(rule, self, costly, at), ...errors];
  } catch (error) {
    if (error instanceof RuleFault) return [faultOf(error, rule, at)];
    throw error;
  }
}

function messageErrors(
  rule: ValidationRule,
  self: CelType,
  costly: (what: 'messageExpression', expression: CelExpression) => FieldError[],
  at: string,
): FieldError[] {
  try {
    const message = compileMessage(rule, self);
    return message === null ? [] : costly('messageExpression', message);
  } catch (error) {
    if (error instanceof RuleFault) return [faultOf(error, rule, at)];
    throw error;
  }
}

const faultOf = ({ field, message }: RuleFault, rule: ValidationRule, at: string): FieldError =>
  invalid(`${at}.${field}`, printedRule(rule), message);
