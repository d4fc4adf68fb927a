/** How much an expression may cost at worst, from the most that the values it reads can hold. */
import { childrenOf } from './check/literals.js';
import type { Ast, Comprehension } from './syntax/ast.js';

/** The most that a value can hold. */
export interface ValueBound {
  /** Elements of a list or map; 1 for everything else. */
  readonly elements: number;
  /** A field by its name in expressions; undefined where nothing is known. */
  field(name: string): ValueBound | undefined;
  /** An element; undefined where nothing is known. */
  item(): ValueBound | undefined;
}

type Scope = ReadonlyMap<string, ValueBound | undefined>;

/**
 * Units for one evaluation: one for each step, as often as macros repeat it.
 *
 * @param variables - Those that hold lists or maps somewhere.
 */
export function estimateCost(ast: Ast, variables: Scope): number {
  if (ast.kind === 'comprehension') return comprehensionCost(ast, variables);
  return childrenOf(ast).reduce((sum, child) => sum + estimateCost(child, variables), 1);
}

function comprehensionCost({ macro, range, variables, args }: Comprehension, scope: Scope): number {
  const bound = boundOf(range, scope);
  const isOnce = ONCE.has(macro);
  const inner = new Map(scope);
  for (const name of variables) inner.set(name, undefined);
  inner.set(variables.at(-1) as string, isOnce ? bound : bound?.item());
  const body = args.reduce((sum, arg) => sum + estimateCost(arg, inner), 0);
  return estimateCost(range, scope) + (isOnce ? 1 : (bound?.elements ?? 1)) * (1 + body);
}

/** Macros that give a value a name. */
const ONCE: ReadonlySet<string> = new Set(['bind', 'optMap', 'optFlatMap']);

function boundOf(ast: Ast, scope: Scope): ValueBound | undefined {
  if (ast.kind === 'ident') return scope.get(ast.name);
  if (ast.kind === 'select') return boundOf(ast.operand, scope)?.field(ast.field);
  if (ast.kind === 'index') return boundOf(ast.operand, scope)?.item();
  if (ast.kind === 'list') return fixed(ast.items.length);
  return ast.kind === 'map' ? fixed(ast.entries.length) : undefined;
}

const nothing = (): undefined => undefined;
const fixed = (elements: number): ValueBound => ({ elements, field: nothing, item: nothing });
