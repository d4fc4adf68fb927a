import { CelCompileError, CelProgram } from '@k/admission/cel';
import type { SchemaNode, ValidationRule } from '@k/api';
import { TypeError as CelTypeError, type Environment, ParseError } from '@marcbachmann/cel-js';
import { ruleEnvironment } from './cel-types.js';

/** A rule ready to run. */
export interface RuleProgram {
  rule: ValidationRule;
  program: CelProgram;
  message: CelProgram | null;
  /** The rule compares with what was there before. */
  isTransition: boolean;
}

/** Compiles one rule of a node. @throws {@link CelCompileError} */
export function compileRule(rule: ValidationRule, node: SchemaNode, isRoot: boolean): RuleProgram {
  const environment = ruleEnvironment(node, isRoot, rule.optionalOldSelf === true);
  const program = new CelProgram(environment, rule.rule);
  const expression = (rule.messageExpression ?? '').trim();
  return {
    rule,
    program,
    message: expression === '' ? null : new CelProgram(environment, expression),
    isTransition: program.identifiers.has('oldSelf'),
  };
}

/** What is wrong with the expression as its author typed it, worded like upstream's compiler; null when it compiles. */
export function compileFault(environment: Environment, expression: string): string | null {
  try {
    new CelProgram(environment, expression);
    return null;
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    const { cause } = error;
    const isLocated = cause instanceof ParseError || cause instanceof CelTypeError;
    const range = isLocated ? cause.range : undefined;
    const start = range?.start ?? 0;
    if (isLocated && cause.code === 'no_such_key') {
      const name = expression.slice(start, range?.end);
      return located(expression, Math.max(0, start - 1), `undefined field '${name}'`);
    }
    if (isLocated && cause.code === 'unknown_variable') {
      return located(expression, start, `undeclared reference to '${expression.slice(start, range?.end)}' (in container '')`);
    }
    const overload = /^no such overload: (.+) (==|!=|<=|>=|<|>|\+|-|\*|\/|%) (.+)$/.exec(error.message);
    if (isLocated && overload !== null) {
      const [, left, operator, right] = overload as unknown as [string, string, string, string];
      const at = expression.indexOf(operator, operandEnd(cause));
      return located(expression, at < 0 ? start : at, `found no matching overload for '_${operator}_' applied to '(${left}, ${right})'`);
    }
    return located(expression, start, cause instanceof ParseError ? `Syntax error: ${error.message}` : error.message);
  }
}

/** Where the left operand of a binary operation ends. */
function operandEnd(error: ParseError | CelTypeError): number {
  const [left] = (error.node as { args?: { range?: { end: number } }[] } | undefined)?.args ?? [];
  return left?.range?.end ?? error.range?.start ?? 0;
}

/** A message with the line it is about and a mark below the place. */
function located(expression: string, index: number, text: string): string {
  const before = expression.slice(0, index).split('\n');
  const column = (before.at(-1) as string).length;
  const line = expression.split('\n')[before.length - 1] ?? '';
  return `ERROR: <input>:${before.length}:${column + 1}: ${text}\n | ${line}\n | ${'.'.repeat(column)}^`;
}
