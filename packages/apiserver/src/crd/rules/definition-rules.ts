/** Checks the rules of a definition's schemas as expressions: they compile, have the right type, and cost little enough. */

import { CelProgram } from '@k/admission/cel';
import { type CrdObject, compileSchema, printedRule, type SchemaNode, schemaPlace, type ValidationRule } from '@k/api';
import { type FieldError, forbidden, invalid } from '@k/apimachinery';
import { ruleEnvironment } from './cel-types.js';
import { elementsMax, estimateCost, RULE_COST_MAX } from './rule-cost.js';
import { compileFault } from './rule-program.js';

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
  node.rules.forEach((rule, i) => {
    errors.push(...checkRule(rule, node, place, `${place.path}.x-kubernetes-validations[${i}]`));
  });
  for (const [name, child] of node.properties) visit(child, { ...place, isRoot: false, path: `${place.path}.properties[${name}]` }, errors);
  const times = place.times * elementsMax(node);
  if (node.items !== undefined) {
    const path = `${place.path}.items`;
    const uncorrelatable = place.uncorrelatable ?? (node.listType === 'map' ? null : path);
    visit(node.items, { path, isRoot: false, times, uncorrelatable }, errors);
  }
  if (node.values !== undefined) visit(node.values, { ...place, isRoot: false, times, path: `${place.path}.additionalProperties` }, errors);
}

function checkRule(rule: ValidationRule, node: SchemaNode, place: Place, at: string): FieldError[] {
  const environment = ruleEnvironment(node, place.isRoot, rule.optionalOldSelf === true);
  const shown = printedRule(rule);
  const fault = compileFault(environment, rule.rule);
  if (fault !== null) return [invalid(`${at}.rule`, shown, `compilation failed: ${fault}`)];
  const errors: FieldError[] = [];
  const program = new CelProgram(environment, rule.rule);
  if (program.resultType !== 'bool' && program.resultType !== 'dyn')
    return [invalid(`${at}.rule`, shown, 'cel expression must evaluate to a bool')];
  if (program.identifiers.has('oldSelf') && place.uncorrelatable !== null) {
    errors.push(
      invalid(`${at}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`),
    );
  }
  const factor = estimateCost(environment.parse(rule.rule).ast, node, place.times) / RULE_COST_MAX;
  if (factor > 1) {
    const much = factor > 100 ? 'more than 100x' : `${factor.toFixed(1)}x`;
    const advice =
      'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
    errors.push(forbidden(`${at}.rule`, `estimated rule cost exceeds budget by factor of ${much} (${advice})`));
  }
  const expression = rule.messageExpression ?? '';
  if (expression === '') return errors;
  const messageFault = compileFault(environment, expression);
  if (messageFault !== null)
    errors.push(invalid(`${at}.messageExpression`, shown, `messageExpression compilation failed: ${messageFault}`));
  else if (!['string', 'dyn'].includes(new CelProgram(environment, expression).resultType)) {
    errors.push(invalid(`${at}.messageExpression`, shown, 'messageExpression must evaluate to a string'));
  }
  return errors;
}
