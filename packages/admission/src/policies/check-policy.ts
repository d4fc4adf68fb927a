/** What is wrong with the expressions of a policy that is to be stored. */
import type { PolicyExpressions } from '@k/api';
import type { AdmissionExpressions } from '../cel/admission-expressions.js';
import { CelCompileError } from '../cel/errors.js';
import { type Compiled, PolicyCompiler } from './compiled-policy.js';

/** Compiles the expressions of one policy for `validatePolicy` of `@k/api`. */
export function policyExpressions(
  expressions: AdmissionExpressions,
  options: { isMutating: boolean; hasParams: boolean },
): PolicyExpressions {
  const compiler = new PolicyCompiler(expressions, options);
  const fault = ({ expression }: Compiled): string | null => (expression instanceof CelCompileError ? expression.message : null);
  return {
    condition: (text) => fault(compiler.condition(text)),
    variable: (name, text) => fault(compiler.variable(name, text)),
    validation: (text) => fault(compiler.validation(text)),
    message: (text) => fault(compiler.message(text)),
    auditAnnotation: (text) => fault(compiler.auditAnnotation(text)),
    mutation: (patchType, text) => fault(compiler.mutation(patchType, text)),
  };
}
