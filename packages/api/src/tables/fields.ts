/** Reading loosely typed objects, and the texts that several tables share. */
import { formatSelector, type KubeObject, type LabelSelectorObject, Quantity, selectorFromLabelSelector } from '@k/apimachinery';

/** A JSON object whose fields are not known. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value at a dotted path; undefined when anything on the way is absent. */
export function at(object: unknown, path: string): unknown {
  let value = object;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Fields)[part];
  }
  return value ?? undefined;
}

/** A text field; '' when absent. */
export function text(object: unknown, path: string): string {
  const value = at(object, path);
  return value === undefined ? '' : String(value);
}

/** A text field with what stands in for an absent or empty one. */
export function textOr(object: unknown, path: string, fallback: string): string {
  return text(object, path) || fallback;
}

/** A number; 0 when absent. */
export function integer(object: unknown, path: string): number {
  const value = at(object, path);
  return typeof value === 'number' ? value : 0;
}

/** A list of objects or strings; empty when absent. */
export function list<T = Fields>(object: unknown, path: string): readonly T[] {
  const value = at(object, path);
  return Array.isArray(value) ? (value as T[]) : [];
}

/** How many entries a map or list has. */
export function size(object: unknown, path: string): number {
  const value = at(object, path);
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

/** The object's name. */
export const nameOf = (object: KubeObject): string => object.metadata?.name ?? '';

/** True when the object is being deleted. */
export const isDeleting = (object: KubeObject): boolean => at(object, 'metadata.deletionTimestamp') !== undefined;

/** The status of a condition; undefined when there is none of this type. */
export function conditionStatus(object: unknown, type: string): string | undefined {
  const condition = list(object, 'status.conditions').find((entry) => entry['type'] === type);
  return condition === undefined ? undefined : text(condition, 'status');
}

/** A quantity in its canonical form; `0` when absent, as given when it is malformed. */
export function quantity(object: unknown, path: string): string {
  const value = text(object, path);
  if (value === '') return '0';
  try {
    return Quantity.parse(value).toString();
  } catch {
    return value;
  }
}

/** `a=b,c=d` sorted by key. */
export function labelText(labels: unknown): string {
  const entries = Object.entries((labels ?? {}) as Record<string, string>).map(([key, value]) => `${key}=${value}`);
  return entries.sort().join(',') || '<none>';
}

/** A label selector in its text form; '' selects everything or, when absent, nothing. */
export function selectorText(selector: unknown): string {
  return formatSelector(selectorFromLabelSelector(selector as LabelSelectorObject | undefined) ?? []);
}

/** Names and images of the containers of a pod spec. */
export function containerCells(object: unknown, specPath: string): [names: string, images: string] {
  const containers = list(object, `${specPath}.containers`);
  return [containers.map((entry) => text(entry, 'name')).join(','), containers.map((entry) => text(entry, 'image')).join(',')];
}

/** At most `max` entries, then how many more there are. */
export function firstOf(entries: readonly string[], max: number, separator = ','): string {
  const shown = entries.slice(0, max).join(separator);
  return entries.length > max ? `${shown} + ${entries.length - max} more...` : shown;
}

/** Addresses of a load balancer's status, each once, sorted. */
export function loadBalancerText(object: unknown): string {
  const addresses = list(object, 'status.loadBalancer.ingress').map((entry) => text(entry, 'ip') || text(entry, 'hostname'));
  return [...new Set(addresses.filter((address) => address !== ''))].sort().join(',');
}
