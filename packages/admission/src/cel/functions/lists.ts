/** Functions over lists of values that have an order or a sum. */
import type { Environment } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { CelEvaluationError } from '../errors.js';
import { typeNameOf } from './type-names.js';

/** Declares them. */
export function registerLists(environment: Environment): void {
  environment
    .registerFunction('list.isSorted(): bool', (list: unknown[]) => list.every((item, i) => i === 0 || compare(list[i - 1], item) <= 0))
    .registerFunction('list.sum(): dyn', sum)
    .registerFunction('list.min(): dyn', (list: unknown[]) => extreme(list, 'min', -1))
    .registerFunction('list.max(): dyn', (list: unknown[]) => extreme(list, 'max', 1));
}

function extreme(list: unknown[], name: string, sign: 1 | -1): unknown {
  if (list.length === 0) throw new CelEvaluationError(`${name} called on empty list`);
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

/** Something that `<` orders, for values that it does not order by itself. */
function orderOf(value: unknown): unknown {
  if (value instanceof UnsignedInt) return value.valueOf();
  if (value instanceof Date) return value.getTime();
  return value instanceof Duration ? nanosOf(value) : value;
}

const nanosOf = (value: Duration): bigint => value.seconds * 1_000_000_000n + BigInt(value.nanos);

function compare(a: unknown, b: unknown): number {
  const type = typeNameOf(a);
  const isOrdered = type !== 'null_type' && type !== 'list' && type !== 'map' && type === typeNameOf(b);
  if (!isOrdered && !(isNumber(a) && isNumber(b))) throw new CelEvaluationError('no such overload');
  if (typeof a === 'string' || a instanceof Uint8Array) return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
  const [left, right] = [orderOf(a) as number, orderOf(b) as number];
  return left < right ? -1 : left > right ? 1 : 0;
}

const isNumber = (value: unknown): boolean => typeof value === 'bigint' || typeof value === 'number' || value instanceof UnsignedInt;

type Summand = bigint | number | UnsignedInt | Duration;

function sum(list: Summand[]): Summand {
  const [first = 0n, ...rest] = list;
  return rest.reduce(add, first);
}

function add(a: Summand, b: Summand): Summand {
  if (typeof a === 'bigint' && typeof b === 'bigint') return within(a + b, -(2n ** 63n), 2n ** 63n, 'integer overflow');
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof UnsignedInt && b instanceof UnsignedInt) {
    return new UnsignedInt(within(a.valueOf() + b.valueOf(), 0n, 2n ** 64n, 'unsigned integer overflow'));
  }
  if (!(a instanceof Duration && b instanceof Duration)) throw new CelEvaluationError('no such overload');
  const nanos = within(nanosOf(a) + nanosOf(b), -(2n ** 63n), 2n ** 63n, 'duration overflow');
  return new Duration(nanos / 1_000_000_000n, Number(nanos % 1_000_000_000n));
}

function within(value: bigint, least: bigint, end: bigint, fault: string): bigint {
  if (value >= least && value < end) return value;
  throw new CelEvaluationError(fault);
}
