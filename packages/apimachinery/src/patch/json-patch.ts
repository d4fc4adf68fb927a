import jsonPatch, { type Operation } from 'fast-json-patch';
import { newStatusError } from '../status.js';

/** Operations that one JSON patch may have. */
const OPERATIONS_MAX = 10_000;

/** 422 as kube-apiserver words any JSON patch that does not apply. */
function rejected(cause: unknown): Error {
  return newStatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {}, cause);
}

/**
 * RFC 6902, with kube-apiserver's leniencies: `replace` and `copy` of an absent map key work, a test for null finds it
 * so, a missing value is null, negative indexes count from the end, the first part of a path may be anything.
 *
 * @throws StatusError 413 for too many operations, 422 when an operation does not apply.
 */
export function applyJsonPatch<T>(original: T, operations: readonly Operation[]): T {
  if (operations.length > OPERATIONS_MAX) {
    throw newStatusError(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${operations.length}`,
    );
  }
  let document: unknown = structuredClone(original);
  try {
    for (const operation of operations) {
      const applied = normalise(document, operation);
      if (applied !== null) document = jsonPatch.applyOperation(document, applied, true, true, true).newDocument;
    }
  } catch (error) {
    throw rejected(error);
  }
  return document as T;
}

/** An operation as the library understands it: absolute paths, plain indexes, values for what is absent. null = nothing to do. */
function normalise(document: unknown, operation: Operation): Operation | null {
  if (typeof operation !== 'object' || operation === null || typeof operation.path !== 'string') throw new Error('malformed operation');
  const inserts = operation.op === 'add' || operation.op === 'copy' || operation.op === 'move';
  const out = { ...operation, path: resolvePath(document, operation.path, inserts) } as Operation;
  if ('from' in out && typeof out.from === 'string') {
    out.from = resolvePath(document, out.from, false);
    if (out.op === 'copy' && isAbsentKey(document, out.from)) return { op: 'add', path: out.path, value: null };
  }
  // The whole document may be replaced or tested; everything else needs a place.
  if (out.path === '' && out.op !== 'replace' && out.op !== 'test') throw new Error(`${out.op} needs a place`);
  if ('from' in out && out.from === '') throw new Error('the whole document cannot be put into itself');
  if (out.op === 'add' || (out.op === 'replace' && out.path !== '')) {
    const op = out.op === 'add' || isAbsentKey(document, out.path) ? 'add' : 'replace';
    return { op, path: out.path, value: out.value ?? null };
  }
  // What is absent is null to a test, and a test for nothing is one for null.
  if (out.op === 'test' && (out.value ?? null) === null && isAbsentKey(document, out.path)) return null;
  return out;
}

function tokens(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((token) => token.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** True for a path to a key that its map does not have; the map itself must be there. */
function isAbsentKey(document: unknown, path: string): boolean {
  const keys = tokens(path);
  let parent: unknown = document;
  for (const key of keys.slice(0, -1)) parent = (parent as Record<string, unknown> | undefined)?.[key];
  const isMap = typeof parent === 'object' && parent !== null && !Array.isArray(parent);
  return isMap && !Object.hasOwn(parent as object, keys[keys.length - 1] ?? '');
}

/** Writes indexes plainly (`-1`, `+1`, `01`); at the end of an insertion's path negative ones count from behind the last element. */
function resolvePath(document: unknown, path: string, inserts: boolean): string {
  if (path !== '' && !path.includes('/')) throw new Error(`${path} is no path`);
  if (path === '' || (path.startsWith('/') && !/\/[-+0]\d/.test(path))) return path;
  let at: unknown = document;
  const keys = tokens(path);
  const out = keys.map((token, i) => {
    let key = token;
    if (Array.isArray(at) && /^[-+]?\d+$/.test(token)) {
      const number = Number(token);
      const isNegative = number < 0;
      const index = isNegative ? at.length + number + (inserts && i === keys.length - 1 ? 1 : 0) : number;
      if (index < 0) throw new Error(`index ${token} is out of range`);
      key = String(index);
    }
    at = (at as Record<string, unknown> | undefined)?.[key];
    return key.replace(/~/g, '~0').replace(/\//g, '~1');
  });
  return `/${out.join('/')}`;
}
