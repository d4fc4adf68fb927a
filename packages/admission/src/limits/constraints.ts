/** The bounds of a LimitRange item, one function per bound; each answers with the violation's text, or null. */
import { Quantity } from '@k/apimachinery';
import type { ReadonlyResourceList } from '../resource-list.js';

/** The most whole units that still fit into 64 bits as thousandths; amounts above are compared in whole units. */
const MILLI_VALUE_MAX = ((1n << 63n) - 1n) / 1000n;
const ZERO = Quantity.zero();

/** What is judged: a bound on one resource and the amounts that are asked for. */
export interface Subject {
  /** `Container`, `Pod` or `PersistentVolumeClaim`. */
  type: string;
  resource: string;
  bound: Quantity;
  requests: ReadonlyResourceList;
  limits: ReadonlyResourceList;
}

interface Amounts {
  request: Quantity | undefined;
  limit: Quantity | undefined;
  requestValue: bigint;
  limitValue: bigint;
  boundValue: bigint;
}

/** Thousandths when all three can be said in them, else whole units rounded up. */
function amountsOf({ resource, bound, requests, limits }: Subject): Amounts {
  const request = requests.get(resource);
  const limit = limits.get(resource);
  const all = [request ?? ZERO, limit ?? ZERO, bound] as const;
  const inMilli = all.every((amount) => amount.value() <= MILLI_VALUE_MAX);
  const [requestValue, limitValue, boundValue] = all.map((amount) => (inMilli ? amount.milliValue() : amount.value())) as [
    bigint,
    bigint,
    bigint,
  ];
  return { request, limit, requestValue, limitValue, boundValue };
}

export function checkMinimum(subject: Subject): string | null {
  const { request, limit, requestValue, limitValue, boundValue } = amountsOf(subject);
  const text = `minimum ${subject.resource} usage per ${subject.type} is ${subject.bound}`;
  if (request === undefined) return `${text}.  No request is specified`;
  if (requestValue < boundValue) return `${text}, but request is ${request}`;
  return limit !== undefined && limitValue < boundValue ? `${text}, but limit is ${limit}` : null;
}

export function checkMaximum(subject: Subject): string | null {
  const { request, limit, requestValue, limitValue, boundValue } = amountsOf(subject);
  const text = `maximum ${subject.resource} usage per ${subject.type} is ${subject.bound}`;
  if (limit === undefined) return `${text}.  No limit is specified`;
  if (limitValue > boundValue) return `${text}, but limit is ${limit}`;
  return request !== undefined && requestValue > boundValue ? `${text}, but request is ${request}` : null;
}

/** For claims, which have requests only. */
export function checkMaximumRequest(subject: Subject): string | null {
  const { request, requestValue, boundValue } = amountsOf(subject);
  const text = `maximum ${subject.resource} usage per ${subject.type} is ${subject.bound}`;
  if (request === undefined) return `${text}.  No request is specified`;
  return requestValue > boundValue ? `${text}, but request is ${request}` : null;
}

export function checkRatio(subject: Subject): string | null {
  const { request, limit, requestValue, limitValue } = amountsOf(subject);
  const { bound } = subject;
  const text = `${subject.resource} max limit to request ratio per ${subject.type} is ${bound}`;
  if (request === undefined || requestValue === 0n) return `${text}, but no request is specified or request is 0`;
  if (limit === undefined || limitValue === 0n) return `${text}, but no limit is specified or limit is 0`;
  const isExceeded =
    bound.value() <= MILLI_VALUE_MAX ? limitValue * 1000n > bound.milliValue() * requestValue : limitValue > bound.value() * requestValue;
  return isExceeded ? `${text}, but provided ratio is ${(Number(limitValue) / Number(requestValue)).toFixed(6)}` : null;
}
