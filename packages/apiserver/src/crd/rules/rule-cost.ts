/** How much a rule may cost at worst, from the bounds that its schema gives to lists, maps and texts. */
import type { SchemaNode } from '@k/api';

/** Units that one rule may cost by estimate. */
export const RULE_COST_MAX = 10_000_000;
/** Bytes of a request, from which the length of unbounded lists follows. */
const REQUEST_BYTES = 3 * 1024 * 1024;
const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** The most elements that a list or map can have. */
export function elementsMax(node: SchemaNode | undefined): number {
  if (node === undefined) return 1;
  const bound = node.raw.maxItems ?? node.raw.maxProperties;
  if (bound !== undefined) return bound;
  const element = node.items ?? node.values;
  if (element === undefined) return 1;
  const [type] = element.types;
  const leastBytes = type === 'string' || type === 'array' || type === 'object' ? 2 : 1;
  return Math.floor(REQUEST_BYTES / (leastBytes + (node.values === undefined ? 1 : 6)));
}

interface AstNode {
  op: string;
  args: unknown;
}
const isAst = (value: unknown): value is AstNode => typeof value === 'object' && value !== null && 'op' in value && 'args' in value;

type Scope = ReadonlyMap<string, SchemaNode | undefined>;

/** The schema of what an expression names. */
function schemaOf(ast: AstNode, scope: Scope): SchemaNode | undefined {
  if (ast.op === 'id') return scope.get(ast.args as string);
  if (ast.op === '.' || ast.op === '[]') {
    const [target, key] = ast.args as [AstNode, unknown];
    const node = schemaOf(target, scope);
    return ast.op === '.' ? (node?.properties.get(key as string) ?? node?.values) : (node?.items ?? node?.values);
  }
  return undefined;
}

function costOf(ast: AstNode, scope: Scope): number {
  if (ast.op === 'rcall') {
    const [name, target, args] = ast.args as [string, AstNode, AstNode[]];
    if (MACROS.has(name)) {
      const list = schemaOf(target, scope);
      const inner = new Map(scope);
      const [variable] = args;
      if (variable?.op === 'id') inner.set(variable.args as string, list?.items);
      const body = args.slice(1).reduce((sum, arg) => sum + costOf(arg, inner), 0);
      return costOf(target, scope) + elementsMax(list) * (1 + body);
    }
  }
  let cost = 1;
  const add = (value: unknown): void => {
    if (isAst(value)) cost += costOf(value, scope);
    else if (Array.isArray(value)) for (const item of value) add(item);
  };
  add(ast.args);
  return cost;
}

/**
 * The estimated cost of a parsed rule.
 *
 * @param times - How often the rule runs for one object: the product of the lists around its node.
 */
export function estimateCost(ast: unknown, self: SchemaNode, times: number): number {
  return isAst(ast)
    ? costOf(
        ast,
        new Map([
          ['self', self],
          ['oldSelf', self],
        ]),
      ) * times
    : 0;
}
