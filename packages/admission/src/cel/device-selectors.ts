/** Selectors of devices in `resource.k8s.io`: expressions over one `device`. Only the scheduler runs them. */
import type { Declarations } from './check/checker.js';
import { baseSignatures } from './check/signatures.js';
import { ANY, BOOL, type CelType, mapOf, printType, readType, STRING, structOf } from './check/types.js';
import { estimateCost, type ValueBound } from './cost.js';
import { CelCompileError } from './errors.js';
import { sharedCompiler } from './expression.js';

/** Units that a selector may cost by estimate. */
const COST_MAX = 1_000_000;
/** Attributes and capacities that a device can have. */
const ATTRIBUTES_MAX = 32;

const FIELDS: ReadonlyMap<string, CelType> = new Map([
  ['driver', STRING],
  ['allowMultipleAllocations', BOOL],
  ['attributes', mapOf(STRING, mapOf(STRING, ANY))],
  ['capacity', mapOf(STRING, mapOf(STRING, readType('kubernetes.Quantity')))],
]);
const DEVICE = structOf('kubernetes.DRADevice', (name) => FIELDS.get(name) ?? null);

const nothing = (): undefined => undefined;
const OF_DOMAIN: ValueBound = { elements: ATTRIBUTES_MAX, field: nothing, item: nothing };
const OF_DEVICE: ValueBound = { elements: ATTRIBUTES_MAX, field: () => OF_DOMAIN, item: () => OF_DOMAIN };
const BOUND: ValueBound = {
  elements: 1,
  field: (name) => (name === 'attributes' || name === 'capacity' ? OF_DEVICE : undefined),
  item: nothing,
};

/** What is wrong with a selector. */
export interface SelectorFault {
  /** `Forbidden`: it is valid, but may cost too much. */
  kind: 'Invalid' | 'Forbidden';
  detail: string;
}

/** What is wrong with the expression of a device selector; null for nothing. */
export function deviceSelectorFault(expression: string): SelectorFault | null {
  const declarations: Declarations = { signatures: baseSignatures(), variables: new Map([['device', DEVICE]]), hasBind: true };
  try {
    const { ast, type } = sharedCompiler().check(expression, declarations);
    if (type !== BOOL && type !== ANY) {
      return { kind: 'Invalid', detail: `must evaluate to bool or the unknown type, not ${printType(type)}` };
    }
    const isCheap = estimateCost(ast, new Map([['device', BOUND]])) <= COST_MAX;
    return isCheap ? null : { kind: 'Forbidden', detail: 'too complex, exceeds cost limit' };
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return { kind: 'Invalid', detail: `compilation failed: ${error.message}` };
  }
}
