/** Runs the rules of a schema over an object: each node's own, then those below it. */
import { type CelBudget, CelBudgetError, CelEvaluationError, type CelExpression } from '@k/admission/cel';
import { deepEqual, type RuleValidator, type SchemaNode } from '@k/api';
import { type FieldError, OMIT_VALUE, stringifyExactJson } from '@k/apimachinery';
import { optionalValue, ruleValue } from './cel-types.js';
import { compileRule, type RuleProgram } from './rule-program.js';

/** Units that all rules of one object may use up together. */
const OBJECT_BUDGET = 10_000_000;
/** Units that one expression may use up. */
const EXPRESSION_BUDGET = 1_000_000;
const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** No rule behind this one may run. */
class RulesStopped extends Error {
  readonly error: FieldError;

  constructor(error: FieldError) {
    super(error.detail);
    this.error = error;
  }
}

type Old = { value: unknown } | undefined;
type Fields = Record<string, unknown>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Run {
  programs: ReadonlyMap<SchemaNode, readonly RuleProgram[]>;
  root: SchemaNode;
  budget: CelBudget;
  errors: FieldError[];
}

/** Compiles the rules of a node and of all below it. Nodes without any rules there are left out. */
function collect(node: SchemaNode, isRoot: boolean, programs: Map<SchemaNode, readonly RuleProgram[]>): boolean {
  const below = [...node.properties.values(), node.items, node.values].filter((child) => child !== undefined);
  const areBelow = below.map((child) => collect(child, false, programs)).includes(true);
  if (node.rules.length === 0 && !areBelow) return false;
  programs.set(
    node,
    node.rules.map((rule) => compileRule(rule, node, isRoot)),
  );
  return true;
}

/** Compiles the rules of a schema. Validated definitions compile; others throw. */
export function compileRules(root: SchemaNode): RuleValidator {
  const programs = new Map<SchemaNode, readonly RuleProgram[]>();
  collect(root, true, programs);
  return (object, old) => {
    const run: Run = { programs, root, budget: { left: OBJECT_BUDGET }, errors: [] };
    try {
      walk(object, old === undefined ? undefined : { value: old }, root, '', run);
    } catch (error) {
      if (!(error instanceof RulesStopped)) throw error;
      run.errors.push(error.error);
    }
    return run.errors;
  };
}

function walk(value: unknown, old: Old, node: SchemaNode, path: string, run: Run): void {
  if (value === null || value === undefined || !run.programs.has(node)) return;
  runRules(value, old, node, path, run);
  if (Array.isArray(value)) {
    const { items } = node;
    if (items === undefined) return;
    const before = previousItems(old, node);
    for (const [i, item] of value.entries()) {
      const key = before === null ? null : keyOf(item, node);
      walk(item, key === null ? undefined : before?.get(key), items, `${path}[${i}]`, run);
    }
  } else if (isMap(value)) {
    const before = isMap(old?.value) ? old.value : undefined;
    for (const key of Object.keys(value).sort()) {
      const property = node.properties.get(key);
      const child = property ?? node.values;
      if (child === undefined) continue;
      const previous = before !== undefined && Object.hasOwn(before, key) ? { value: before[key] } : undefined;
      const at = property === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      walk(value[key], previous, child, at, run);
    }
  }
}

/** The old entries by what tells them apart, which lists have that are maps; null for others. */
function previousItems(old: Old, node: SchemaNode): ReadonlyMap<string, Old> | null {
  if (node.listType !== 'map' || !Array.isArray(old?.value)) return null;
  const items = new Map<string, Old>();
  for (const value of old.value) {
    const key = keyOf(value, node);
    if (key !== null && !items.has(key)) items.set(key, { value });
  }
  return items;
}

function keyOf(item: unknown, { listMapKeys }: SchemaNode): string | null {
  return isMap(item) ? stringifyExactJson(listMapKeys.map((name) => item[name] ?? null)) : null;
}

function runRules(value: unknown, old: Old, node: SchemaNode, path: string, run: Run): void {
  const programs = run.programs.get(node);
  if (programs === undefined || programs.length === 0) return;
  const isObject = node === run.root || node.embedded;
  const self = ruleValue(value, node, isObject);
  const oldSelf = old === undefined ? undefined : ruleValue(old.value, node, isObject);
  const unchanged = old !== undefined && deepEqual(old.value, value);
  for (const entry of programs) {
    const { isTransition, rule } = entry;
    if (isTransition && old === undefined && rule.optionalOldSelf !== true) continue;
    // What was there before and has not changed is let be.
    if (!isTransition && unchanged) continue;
    const variables = { self, oldSelf: rule.optionalOldSelf === true ? optionalValue(oldSelf, old !== undefined) : oldSelf };
    const detail = failure(entry, variables, run.budget);
    if (detail instanceof Error) throw new RulesStopped(errorOf(entry, value, path, detail.message));
    if (detail !== null) run.errors.push(errorOf(entry, value, path, detail));
  }
}

/** The value of an expression, or its error. @throws {@link RulesStopped} when the budget of the object is used up. */
function evaluate(
  { program }: CelExpression,
  variables: Record<string, unknown>,
  budget: CelBudget,
): { value: unknown } | { error: Error } {
  const own: CelBudget = { left: EXPRESSION_BUDGET };
  let outcome: { value: unknown } | { error: Error };
  try {
    outcome = { value: program.run(variables, own) };
  } catch (error) {
    if (!(error instanceof CelEvaluationError)) throw error;
    outcome = { error };
  }
  budget.left -= EXPRESSION_BUDGET - own.left;
  if (budget.left >= 0) return outcome;
  throw new RulesStopped({ type: 'FieldValueInvalid', field: '<nil>', badValue: OMIT_VALUE, detail: OUT_OF_BUDGET });
}

/** The message of a rule that does not hold, or null; the error of one that cost too much ends all. */
function failure({ condition, message, rule }: RuleProgram, variables: Record<string, unknown>, budget: CelBudget): string | Error | null {
  const outcome = evaluate(condition, variables, budget);
  const written = (rule.message ?? '').trim();
  if ('error' in outcome) {
    const { error } = outcome;
    const about = written === '' ? rule.rule.trim() : written;
    if (error instanceof CelBudgetError) {
      return new Error(`'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${about}`);
    }
    if (!error.message.startsWith('no such overload')) return `${error.message} evaluating rule: ${about}`;
    return `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${about}`;
  }
  if (outcome.value === true) return null;
  const told = message === null ? { value: '' } : evaluate(message, variables, budget);
  const text = 'value' in told && typeof told.value === 'string' ? told.value.trim() : '';
  if (text !== '' && !/[\r\n]/.test(text)) return text;
  return written === '' ? `failed rule: ${rule.rule.trim()}` : written;
}

function errorOf({ rule }: RuleProgram, value: unknown, path: string, detail: string): FieldError {
  const below = rule.fieldPath ?? '';
  const field = path === '' ? below.replace(/^\./, '') || '<nil>' : `${path}${below}`;
  const badValue = typeof value === 'object' ? OMIT_VALUE : value;
  const type = (rule.reason ?? 'FieldValueInvalid') as FieldError['type'];
  return { type, field, badValue: below === '' ? badValue : OMIT_VALUE, detail };
}
