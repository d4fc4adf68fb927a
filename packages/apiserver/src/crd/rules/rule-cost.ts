/** How much a rule may cost at worst, from the bounds that its schema gives to lists, maps and texts. */
import { type CelExpression, estimateCost, type ValueBound } from '@k/admission/cel';
import type { SchemaNode } from '@k/api';
import { namedProperties } from './cel-types.js';

/** Units that one rule may cost by estimate. */
const RULE_COST_MAX = 10_000_000;
/** Bytes of a request, from which the length of unbounded lists follows. */
const REQUEST_BYTES = 3 * 1024 * 1024;

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

/** What a value of a node can hold at most. */
function boundOf(node: SchemaNode): ValueBound {
  return {
    elements: elementsMax(node),
    field: (name) => {
      const child = namedProperties(node).get(name)?.[1] ?? node.values;
      return child === undefined ? undefined : boundOf(child);
    },
    item: () => {
      const child = node.items ?? node.values;
      return child === undefined ? undefined : boundOf(child);
    },
  };
}

/**
 * Why an expression of a node costs too much; null when it does not.
 *
 * @param what - Names the expression, e.g. `rule`.
 * @param times - How often it runs for one object: the product of the lists around its node.
 */
export function costFault(what: string, { ast }: CelExpression, self: SchemaNode, times: number): string | null {
  const bound = boundOf(self);
  const variables = new Map([
    ['self', bound],
    ['oldSelf', bound],
  ]);
  const factor = (estimateCost(ast, variables) * times) / RULE_COST_MAX;
  if (factor <= 1) return null;
  const much = factor > 100 ? 'more than 100x' : `${factor.toFixed(1)}x`;
  const advice = 'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
  return `estimated ${what} cost exceeds budget by factor of ${much} (${advice})`;
}
