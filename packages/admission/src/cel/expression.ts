/** An expression from its text to what runs: parsed, checked as upstream's compiler does, translated, compiled. */
import type { Environment } from '@marcbachmann/cel-js';
import { checkExpression, type Declarations } from './check/checker.js';
import { childrenOf } from './check/literals.js';
import { type CelType, printType } from './check/types.js';
import { createExpressionEnvironment } from './environment.js';
import { CelCompileError } from './errors.js';
import { CelProgram } from './program.js';
import type { Ast } from './syntax/ast.js';
import { formatIssues } from './syntax/issues.js';
import { CelParser } from './syntax/parse.js';
import { translate } from './translate.js';

/** A compiled expression. */
export interface CelExpression {
  /** As it was written. */
  readonly text: string;
  readonly ast: Ast;
  readonly type: CelType;
  readonly program: CelProgram;
  /** The variables that it reads. */
  readonly names: ReadonlySet<string>;
}

let shared: CelCompiler | undefined;

/** The one of this process: made with the first expression, as most servers start without any; its parser learns as it reads. */
export function sharedCompiler(): CelCompiler {
  shared ??= new CelCompiler(createExpressionEnvironment());
  return shared;
}

/** Compiles expressions for one environment. */
export class CelCompiler {
  readonly #environment: Environment;
  readonly #parser = new CelParser();

  /** @param environment - Where they run; see {@link createExpressionEnvironment}. */
  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** @throws {@link CelCompileError} with what is wrong, all lines of it, without the words `compilation failed`. */
  compile(text: string, declarations: Declarations): CelExpression {
    const { ast, type } = this.check(text, declarations);
    return { text, ast, type, program: new CelProgram(this.#environment, translate(ast)), names: namesOf(ast) };
  }

  /**
   * Finds the type only; what has `cel.bind` in it can be checked, but not run.
   *
   * @throws {@link CelCompileError} like {@link compile}.
   */
  check(text: string, declarations: Declarations): { ast: Ast; type: CelType } {
    const ast = this.#parser.parse(text, declarations.hasBind);
    const { type, issues } = checkExpression(ast, declarations);
    if (issues.length > 0) throw new CelCompileError(formatIssues(text, issues));
    return { ast, type };
  }
}

/** What is wrong with the type of an expression, or null when it is one of `wanted`. */
export function resultFault(type: CelType, wanted: readonly string[]): string | null {
  const found = printType(type);
  if (wanted.includes(found)) return null;
  return wanted.length === 1
    ? `must evaluate to ${wanted[0]} but got ${found}`
    : `must evaluate to one of [${wanted.join(' ')}] but got ${found}`;
}

function namesOf(root: Ast): Set<string> {
  const names = new Set<string>();
  const visit = (ast: Ast): void => {
    if (ast.kind === 'ident') names.add(ast.name);
    for (const child of childrenOf(ast)) visit(child);
  };
  visit(root);
  return names;
}
