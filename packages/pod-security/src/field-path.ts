/** Paths of fields, as violations name them, on plain objects. */

/** A key of an object or an index of a list. */
export type PathPart = string | number;

type Parent = Record<PathPart, unknown>;

/** `spec.containers[0].name` → `['spec', 'containers', 0, 'name']`; what stands in brackets and is no number is a key. */
export function parseFieldPath(path: string): PathPart[] {
  const parts: PathPart[] = [];
  for (const [, key, bracketed] of path.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)) {
    if (key !== undefined) parts.push(key);
    else parts.push(/^\d+$/.test(bracketed as string) ? Number(bracketed) : (bracketed as string));
  }
  return parts;
}

/** The opposite of {@link parseFieldPath}. */
export function formatFieldPath(parts: readonly PathPart[]): string {
  let path = '';
  for (const part of parts) {
    if (typeof part === 'number' || /[.[\]/]/.test(part)) path += `[${part}]`;
    else path += path === '' ? part : `.${part}`;
  }
  return path;
}

/** The value at a path; undefined when there is none. */
export function valueAt(root: unknown, path: readonly PathPart[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Parent)[part];
  }
  return value;
}

/** One change of an object. */
export interface Change {
  action: 'set' | 'remove';
  path: readonly PathPart[];
  /** Of `set`. */
  value?: unknown;
  /** Of `remove`: how many of the parents go too when they end up empty. Default 0. */
  emptyParents?: number;
}

/** `set spec.hostPID: false` or `remove spec.containers[0].ports[0].hostPort`. */
export function formatChange({ action, path, value }: Change): string {
  return action === 'set' ? `set ${formatFieldPath(path)}: ${JSON.stringify(value)}` : `remove ${formatFieldPath(path)}`;
}

const isCollection = (value: unknown): value is Parent => typeof value === 'object' && value !== null;
const isEmpty = (value: unknown): boolean => isCollection(value) && Object.keys(value).length === 0;

function copyOf(value: unknown, nextPart: PathPart): Parent {
  if (Array.isArray(value)) return [...value] as unknown as Parent;
  if (isCollection(value)) return { ...value };
  return (typeof nextPart === 'number' ? [] : {}) as Parent;
}

/** @returns A copy with the change made; only what lies on the path is copied. Removing what is absent changes nothing. */
export function applyChange<T extends object>(root: T, change: Change): T {
  if (change.action === 'remove' && valueAt(root, change.path) === undefined) return root;
  const copy = copyOf(root, change.path[0] as PathPart);
  const parents: Parent[] = [copy];
  for (let i = 0; i < change.path.length - 1; i++) {
    const parent = parents[i] as Parent;
    const child = copyOf(parent[change.path[i] as PathPart], change.path[i + 1] as PathPart);
    parent[change.path[i] as PathPart] = child;
    parents.push(child);
  }
  const drop = (depth: number): void => {
    const parent = parents[depth] as Parent;
    const part = change.path[depth] as PathPart;
    if (Array.isArray(parent)) parent.splice(part as number, 1);
    else delete parent[part];
  };
  const last = change.path.length - 1;
  if (change.action === 'set') {
    (parents[last] as Parent)[change.path[last] as PathPart] = change.value;
    return copy as T;
  }
  drop(last);
  for (let i = 0; i < (change.emptyParents ?? 0) && last - i > 0 && isEmpty(parents[last - i]); i++) drop(last - i - 1);
  return copy as T;
}
