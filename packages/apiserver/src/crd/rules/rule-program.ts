import {
  baseSignatures,
  CelCompileError,
  type CelExpression,
  type CelType,
  type Declarations,
  DYN,
  optionalOf,
  resultFault,
  sharedCompiler,
} from '@k/admission/cel';
import type { SchemaNode, ValidationRule } from '@k/api';
import { ruleType } from './cel-types.js';

/** Upstream puts a random number behind it. */
const TYPE_NAME = 'selfType0';

/** A rule ready to run. */
export interface RuleProgram {
  rule: ValidationRule;
  condition: CelExpression;
  message: CelExpression | null;
  /** See {@link isTransition}. */
  isTransition: boolean;
}

/** What is wrong with a rule, and with which of its two expressions; the text is for the author of the definition. */
export class RuleFault extends Error {
  readonly field: 'rule' | 'messageExpression';

  constructor(field: RuleFault['field'], text: string, options?: ErrorOptions) {
    super(text, options);
    this.field = field;
  }
}

/** The type of `self` in the rules of a node; null when they cannot have any. */
export const selfType = (node: SchemaNode, isRoot: boolean): CelType | null => ruleType(node, TYPE_NAME, isRoot || node.embedded);

function declarationsOf(self: CelType, { optionalOldSelf }: ValidationRule): Declarations {
  const oldSelf = optionalOldSelf === true ? optionalOf(self) : self;
  return {
    signatures: baseSignatures(),
    variables: new Map([
      ['self', self],
      ['oldSelf', oldSelf],
    ]),
  };
}

/** Compiles the expression of a rule about values of type `self`. @throws {@link RuleFault} */
export function compileCondition(rule: ValidationRule, self: CelType): CelExpression {
  const expression = compile(rule.rule, declarationsOf(self, rule), 'rule');
  if (resultFault(expression.type, ['bool']) === null) return expression;
  throw new RuleFault('rule', 'cel expression must evaluate to a bool');
}

/** Compiles the expression that makes the message of a rule; null for none. @throws {@link RuleFault} */
export function compileMessage(rule: ValidationRule, self: CelType): CelExpression | null {
  const text = (rule.messageExpression ?? '').trim();
  if (text === '') return null;
  const message = compile(text, declarationsOf(self, rule), 'messageExpression');
  if (resultFault(message.type, ['string']) === null) return message;
  throw new RuleFault('messageExpression', 'messageExpression must evaluate to a string');
}

/** True for a rule that compares with what was there before. */
export const isTransition = (condition: CelExpression): boolean => condition.names.has('oldSelf');

/** Compiles a rule of a definition that was found valid. @throws {@link RuleFault} */
export function compileRule(rule: ValidationRule, node: SchemaNode, isRoot: boolean): RuleProgram {
  const self = selfType(node, isRoot) ?? DYN;
  const condition = compileCondition(rule, self);
  return { rule, condition, message: compileMessage(rule, self), isTransition: isTransition(condition) };
}

function compile(text: string, declarations: Declarations, field: RuleFault['field']): CelExpression {
  try {
    return sharedCompiler().compile(text, declarations);
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    const about = field === 'rule' ? '' : 'messageExpression ';
    throw new RuleFault(field, `${about}compilation failed: ${error.message}`, { cause: error });
  }
}
