/** Expressions of an AuthenticationConfiguration: over the `claims` of a token, or over the `user` that they make. */
import type { Declarations } from './check/checker.js';
import { childrenOf } from './check/literals.js';
import { baseSignatures } from './check/signatures.js';
import { ANY, BOOL, type CelType, mapOf, readType, STRING, structOf } from './check/types.js';
import { CelBudgetError, CelCompileError } from './errors.js';
import { celName } from './escaped-name.js';
import { sharedCompiler } from './expression.js';
import type { Ast } from './syntax/ast.js';

/** Units that one expression may use up for one token. */
const COST_MAX = 1_000_000;

const USER_FIELDS: ReadonlyMap<string, CelType> = new Map([
  ['username', STRING],
  ['uid', STRING],
  ['groups', readType('list<string>')],
  ['extra', readType('map<string, list<string>>')],
]);

const VARIABLES: Readonly<Record<'claims' | 'user', CelType>> = {
  claims: mapOf(STRING, ANY),
  user: structOf('kubernetes.UserInfo', (name) => USER_FIELDS.get(name) ?? null),
};

/** A compiled expression. */
export interface CompiledClaimExpression {
  readonly text: string;
  /** Whether `variable.field` stands in it. */
  selects(field: string): boolean;
  /**
   * Its value for claims as they stand in the token, or for a user; for a promise where it waits for something.
   *
   * @throws {Error} with what went wrong.
   */
  evaluate(value: object): unknown;
}

/**
 * Compiles an expression.
 *
 * @param options.result - `bool` for rules; values may be anything.
 * @returns What is wrong with it as text: `compilation failed: …` or `must evaluate to bool`.
 */
export function compileClaimExpression(
  text: string,
  options: { variable: 'claims' | 'user'; result: 'bool' | 'any' },
): CompiledClaimExpression | string {
  const { variable, result } = options;
  const declarations: Declarations = { signatures: baseSignatures(), variables: new Map([[variable, VARIABLES[variable]]]) };
  try {
    const { ast, type, program } = sharedCompiler().compile(text, declarations);
    if (result === 'bool' && type !== BOOL) return 'must evaluate to bool';
    return {
      text,
      selects: (field) => hasSelect(ast, variable, field),
      evaluate(value) {
        const outcome = attempt(() => program.run({ [variable]: celValueOf(value) }, { left: COST_MAX }));
        return outcome instanceof Promise ? outcome.catch(explain) : outcome;
      },
    };
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return `compilation failed: ${error.message}`;
  }
}

function attempt(step: () => unknown): unknown {
  try {
    return step();
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): never {
  throw error instanceof CelBudgetError ? new Error('operation cancelled: actual cost limit exceeded') : error;
}

function hasSelect(ast: Ast, variable: string, field: string): boolean {
  const isIt = (ast.kind === 'select' || ast.kind === 'has') && ast.field === field;
  if (isIt && ast.operand.kind === 'ident' && ast.operand.name === variable) return true;
  return childrenOf(ast).some((child) => hasSelect(child, variable, field));
}

/** Several expressions look at the same claims. */
const values = new WeakMap<object, unknown>();

function celValueOf(value: object): unknown {
  const known = values.get(value);
  if (known !== undefined) return known;
  const made = toValue(value);
  values.set(value, made);
  return made;
}

/** JSON as upstream hands it to CEL: every number is a double, and fields are also found under their escaped names. */
function toValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toValue);
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') continue;
    out[key] = toValue(item);
    const escaped = celName(key);
    if (escaped === null || escaped === key || Object.hasOwn(value, escaped)) continue;
    Object.defineProperty(out, escaped, { value: out[key], enumerable: false });
  }
  return out;
}
