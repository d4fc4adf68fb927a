/**
 * One compiled expression: parsed and type-checked once, evaluated many times within a cost limit.
 *
 * The library counts nothing, so every node of the checked tree is wrapped: each step costs one unit, and operands of
 * calls, comparisons and concatenations cost what they weigh. Calls to `matches` go to a linear-time matcher.
 */
import { TypeError as CelTypeError, type Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js';
import { splitTypes } from './check/types.js';
import { CelBudgetError, CelCompileError, CelEvaluationError } from './errors.js';
import { MATCHES } from './functions.js';
import { sizeOfCelValue } from './values.js';

/** Units that evaluations may use up together; the caller makes one for each request. */
export interface CelBudget {
  left: number;
}

type Evaluate = (evaluator: unknown, node: unknown, context: unknown) => unknown;

interface Node {
  op: string;
  args: unknown;
  meta: { evaluate: Evaluate; alternate?: Node; macro?: object };
  setMeta(key: 'evaluate', value: Evaluate): void;
}

interface Instance {
  run: (variables: Record<string, unknown>) => unknown;
  meter: { budget: CelBudget; sizes: WeakMap<object, number> };
}

/** Operators whose operands are read in full. */
const WEIGHED: ReadonlySet<string> = new Set(['call', 'rcall', '==', '!=', 'in', '+', '<', '<=', '>', '>=']);
const IDLE_MAX = 8;

/** A compiled expression. Safe to use by several requests at once. */
export class CelProgram {
  readonly #expression: string;
  readonly #environment: Environment;
  /** One meter belongs to one evaluation at a time; evaluations that wait for the authorizer overlap. */
  readonly #idle: Instance[];

  /** @throws {@link CelCompileError} when the expression is not valid. */
  constructor(environment: Environment, expression: string) {
    this.#expression = expression;
    this.#environment = environment;
    this.#idle = [this.#compile()];
  }

  /**
   * The value, or a promise of it when the expression waits for something.
   *
   * @throws {@link CelBudgetError} when the budget is used up; {@link CelEvaluationError} for everything else.
   */
  run(variables: Record<string, unknown>, budget: CelBudget): unknown {
    const instance = this.#idle.pop() ?? this.#compile();
    instance.meter = { budget, sizes: new WeakMap() };
    const release = (): void => {
      if (this.#idle.length < IDLE_MAX) this.#idle.push(instance);
    };
    const settle = (value: unknown): unknown => {
      release();
      if (budget.left < 0) throw new CelBudgetError();
      return value;
    };
    const fail = (error: unknown): never => {
      // An error that the budget caused may have been worded anew on its way up.
      if (budget.left < 0) throw new CelBudgetError();
      throw evaluationFault(error);
    };
    let value: unknown;
    try {
      value = instance.run(variables);
    } catch (error) {
      release();
      return fail(error);
    }
    if (!(value instanceof Promise)) return settle(value);
    return value.then(settle, (error: unknown) => {
      release();
      return fail(error);
    });
  }

  #compile(): Instance {
    try {
      const parsed = this.#environment.parse(this.#expression);
      useLinearMatches(parsed.ast as unknown as Node);
      const checked = parsed.check();
      if (!checked.valid) throw checked.error ?? new CelCompileError('the expression has no type');
      const instance: Instance = { run: parsed, meter: { budget: { left: 0 }, sizes: new WeakMap() } };
      wrap(parsed.ast as unknown as Node, instance, false, new Set());
      return instance;
    } catch (error) {
      if (error instanceof ParseError || error instanceof CelTypeError) throw new CelCompileError(error.summary, { cause: error });
      throw error;
    }
  }
}

/** Operators whose operands could take part, were the other one of the right type. */
const ADDABLE = /^(?:int|uint|double|string|bytes|list|google\.protobuf\.(?:Timestamp|Duration))/;
const COMPARABLE = /^(?:bool|int|uint|double|string|bytes|google\.protobuf\.(?:Timestamp|Duration))/;

/** The library's words for an error in those of upstream's interpreter. */
function runtimeText(text: string, code: string): string {
  if (code === 'invalid_condition_type' || code === 'invalid_logical_operand') return 'no such overload';
  if (code === 'modulo_by_zero') return 'modulus by zero';
  if (code === 'optional_value_missing') return 'optional.none() dereference';
  if (code === 'numeric_overflow') return text.toLowerCase().replace(/: -?\d+$/, '');
  const plain = text.replaceAll(/dyn<([^<>]+)>/g, '$1');
  const binary = /^no such overload: (\S+).* (\+|-|\*|\/|%|<|<=|>|>=) (\S+)$/.exec(plain);
  if (binary !== null) {
    const [, left = '', operator = ''] = binary;
    const takesPart = operator === '+' || operator === '-' ? ADDABLE : /[<>]/.test(operator) ? COMPARABLE : /^(?:int|uint|double)/;
    return takesPart.test(left) ? 'no such overload' : `no such overload: _${operator}_`;
  }
  const unary = /^no such overload: ([!-])\S+$/.exec(plain);
  if (unary !== null) return `no such overload: ${unary[1]}_`;
  const call = /^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(plain);
  if (call === null) return text.slice(0, 1).toLowerCase() + text.slice(1);
  const [, receiver, name = '', args = ''] = call;
  const simple = (type: string): string => type.replace(/<.*>$/, '');
  if (name === 'size') return 'no such overload: size';
  const given = [...(receiver === undefined ? [] : [receiver]), ...splitTypes(args)].map(simple);
  return `no such overload: ${name.replace(/^_/, '')}(${given.join(', ')})`;
}

function evaluationFault(error: unknown): CelEvaluationError {
  if (error instanceof CelEvaluationError) return error;
  if (error instanceof EvaluationError) return new CelEvaluationError(runtimeText(error.summary, error.code), { cause: error });
  return new CelEvaluationError(error instanceof Error ? error.message : String(error), { cause: error });
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'setMeta' in value && 'op' in value;
}

/** Calls back for each node right below `value`: operands, parts of an expanded macro. */
function eachNode(value: unknown, visit: (node: Node) => void): void {
  if (isNode(value)) visit(value);
  else if (Array.isArray(value)) for (const item of value) eachNode(item, visit);
  else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const item of Object.values(value)) if (Array.isArray(item) || isNode(item)) eachNode(item, visit);
  }
}

function useLinearMatches(root: Node): void {
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if ((node.op === 'call' || node.op === 'rcall') && Array.isArray(node.args) && node.args[0] === 'matches') node.args[0] = MATCHES;
    eachNode(node.args, visit);
    if (node.meta.alternate !== undefined) visit(node.meta.alternate);
    eachNode(node.meta.macro, visit);
  };
  visit(root);
}

function wrap(node: Node, instance: Instance, isWeighed: boolean, seen: Set<Node>): void {
  if (seen.has(node)) return;
  seen.add(node);
  const weighed = WEIGHED.has(node.op);
  const down = (child: Node): void => wrap(child, instance, weighed, seen);
  eachNode(node.args, down);
  if (node.meta.alternate !== undefined) down(node.meta.alternate);
  eachNode(node.meta.macro, down);
  const evaluate = node.meta.evaluate;
  node.setMeta('evaluate', (evaluator, self, context) => {
    const { budget, sizes } = instance.meter;
    if (--budget.left < 0) throw new CelBudgetError();
    const value = evaluate(evaluator, self, context);
    if (!isWeighed && node.op !== '+') return value;
    if (value instanceof Promise) return value;
    if (typeof value === 'object' || typeof value === 'string') budget.left -= sizeOfCelValue(value, sizes);
    if (budget.left < 0) throw new CelBudgetError();
    return value;
  });
}
