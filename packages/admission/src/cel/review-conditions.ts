/** `matchConditions` of authorization webhooks: which SubjectAccessReviews they are asked, as CEL expressions over `request`. */
import type { Declarations } from './check/checker.js';
import { baseSignatures } from './check/signatures.js';
import { type CelType, readType, structOf } from './check/types.js';
import { CelBudgetError, CelCompileError, CelEvaluationError } from './errors.js';
import { type CelExpression, resultFault, sharedCompiler } from './expression.js';
import { toCelValue } from './values.js';

/** Units that one expression may use up for one request. */
const COST_MAX = 1_000_000;
const SELECTOR = { rawSelector: 'string', requirements: 'list<kubernetes.SelectorRequirement>' };

/** Fields by the name of their type; see {@link readType}. */
const STRUCTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'kubernetes.SubjectAccessReviewSpec': {
    resourceAttributes: 'kubernetes.ResourceAttributes',
    nonResourceAttributes: 'kubernetes.NonResourceAttributes',
    user: 'string',
    groups: 'list<string>',
    extra: 'map<string, list<string>>',
    uid: 'string',
  },
  'kubernetes.ResourceAttributes': {
    namespace: 'string',
    verb: 'string',
    group: 'string',
    version: 'string',
    resource: 'string',
    subresource: 'string',
    name: 'string',
    fieldSelector: 'kubernetes.FieldSelectorAttributes',
    labelSelector: 'kubernetes.LabelSelectorAttributes',
  },
  'kubernetes.NonResourceAttributes': { path: 'string', verb: 'string' },
  'kubernetes.FieldSelectorAttributes': SELECTOR,
  'kubernetes.LabelSelectorAttributes': SELECTOR,
  'kubernetes.SelectorRequirement': { key: 'string', operator: 'string', values: 'list<string>' },
};

const struct = (name: string): CelType | null => {
  const fields = STRUCTS[name];
  if (fields === undefined) return null;
  return structOf(name, (field) => (Object.hasOwn(fields, field) ? readType(fields[field] as string, struct) : null));
};

/** Compiled conditions of one webhook. */
export interface ReviewConditions {
  /**
   * Whether all hold for the `spec` of a SubjectAccessReview. The first that is false ends it; errors only count when
   * none is false.
   *
   * @throws {Error} with what went wrong.
   */
  matches(spec: object): Promise<boolean>;
}

/** A condition that does not compile. */
export interface ConditionFault {
  index: number;
  /** `compilation failed: …` or `must evaluate to …`. */
  message: string;
}

/** Compiles the conditions of a webhook, or tells every fault. */
export function compileReviewConditions(expressions: readonly string[]): ReviewConditions | readonly ConditionFault[] {
  const request = readType('kubernetes.SubjectAccessReviewSpec', struct);
  const declarations: Declarations = { signatures: baseSignatures(), variables: new Map([['request', request]]) };
  const faults: ConditionFault[] = [];
  const compiled = expressions.flatMap((text, index) => {
    try {
      const expression = sharedCompiler().compile(text, declarations);
      const message = resultFault(expression.type, ['bool']);
      if (message !== null) faults.push({ index, message });
      return [expression];
    } catch (error) {
      if (!(error instanceof CelCompileError)) throw error;
      faults.push({ index, message: `compilation failed: ${error.message}` });
      return [];
    }
  });
  if (faults.length > 0) return faults;
  return { matches: (spec) => matchAll(compiled, { request: toCelValue(withEmptyFields(spec)) }) };
}

async function matchAll(compiled: readonly CelExpression[], variables: Record<string, unknown>): Promise<boolean> {
  const errors: string[] = [];
  for (const { text, program } of compiled) {
    try {
      if ((await program.run(variables, { left: COST_MAX })) !== true) return false;
    } catch (error) {
      if (!(error instanceof CelEvaluationError)) throw error;
      const why = error instanceof CelBudgetError ? 'operation cancelled: actual cost limit exceeded' : error.message;
      errors.push(`cel evaluation error: expression '${text}' resulted in error: ${why}`);
    }
  }
  if (errors.length === 0) return true;
  throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
}

/** The texts that are always there for expressions, even when they are empty. */
function withEmptyFields(spec: object): object {
  const { resourceAttributes, nonResourceAttributes, ...who } = spec as Record<string, object | undefined>;
  const empty = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' };
  return {
    ...{ user: '', groups: [], uid: '', extra: {}, ...who },
    ...(resourceAttributes === undefined ? {} : { resourceAttributes: { ...empty, ...resourceAttributes } }),
    ...(nonResourceAttributes === undefined ? {} : { nonResourceAttributes: { path: '', verb: '', ...nonResourceAttributes } }),
  };
}
