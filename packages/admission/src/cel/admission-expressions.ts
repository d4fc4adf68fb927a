/** Compiles what webhooks and policies are written in. */

import { AdmissionDeclarations } from './check/admission-declarations.js';
import type { Declarations } from './check/checker.js';
import type { CelType } from './check/types.js';
import { CelCompileError } from './errors.js';
import { type CelExpression, resultFault, sharedCompiler } from './expression.js';

/** Which variables an expression has besides `object`, `oldObject`, `request` and `namespaceObject`. */
export interface ExpressionContext {
  hasParams: boolean;
  hasAuthorizer: boolean;
  isMutating?: boolean;
  /** The policy's own variables, with their types. */
  variables?: ReadonlyMap<string, CelType>;
}

/** Compiles the expressions of one server; what they may name is read once. */
export class AdmissionExpressions {
  // Made with the first expression: most servers start without any.
  #made: AdmissionDeclarations | undefined;

  /**
   * @param wanted - Types that the result may have, as upstream prints them; empty = any.
   * @throws {@link CelCompileError} with `compilation failed: …` or `must evaluate to …`.
   */
  compile(text: string, context: ExpressionContext, wanted: readonly string[]): CelExpression {
    return this.#checked(() => sharedCompiler().compile(text, this.#declarations.for(context)), wanted);
  }

  /** The declarations that {@link compile} uses, for checks against known types. */
  declarations(context: ExpressionContext, types: { object?: CelType; params?: CelType }): Declarations {
    return this.#declarations.for({ ...context, types });
  }

  /** The type of an expression. @throws {@link CelCompileError} with the issues alone. */
  typeOf(text: string, declarations: Declarations): CelType {
    return sharedCompiler().check(text, declarations).type;
  }

  get #declarations(): AdmissionDeclarations {
    this.#made ??= new AdmissionDeclarations();
    return this.#made;
  }

  #checked(compile: () => CelExpression, wanted: readonly string[]): CelExpression {
    let expression: CelExpression;
    try {
      expression = compile();
    } catch (error) {
      if (!(error instanceof CelCompileError)) throw error;
      throw new CelCompileError(`compilation failed: ${error.message}`, { cause: error });
    }
    const fault = wanted.length === 0 ? null : resultFault(expression.type, wanted);
    if (fault !== null) throw new CelCompileError(fault);
    return expression;
  }
}
