import jsonPatch, { type Operation } from 'fast-json-patch';
import { newStatusError } from '../status.js';

/** Operations that one JSON patch may have. */
const OPERATIONS_MAX = 10_000;

/** 422 as kube-apiserver words any JSON patch that does not apply. */
function rejected(cause: unknown): Error {
  return newStatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {}, cause);
}

/**
 * RFC 6902, with kube-apiserver's leniencies: `replace` and `copy` of an absent map key work, index -1 is the last.
 *
 * @throws StatusError 413 for too many operations, 422 when an operation does not apply.
 */
export function applyJsonPatch<T>(original: T, operations: readonly Operation[]): T {
  if (operations.length > OPERATIONS_MAX) {
    throw newStatusError(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${operations.length}`,
      {},
    );
  }
  let document: unknown = structuredClone(original);
  try {
    for (const operation of operations) {
      const applied = normalise(document, operation);
      document = jsonPatch.applyOperation(document, applied, true, true, true).newDocument;
    }
  } catch (error) {
    throw rejected(error);
  }
  return document as T;
}

/** Resolves negative indexes and turns `replace` of an absent key into `add`. */
function normalise(document: unknown, operation: Operation): Operation {
  if (typeof operation !== 'object' || operation === null || typeof operation.path !== 'string') throw new Error('malformed operation');
  const out = { ...operation, path: resolveIndexes(document, operation.path) } as Operation;
  if ('from' in out && typeof out.from === 'string') out.from = resolveIndexes(document, out.from);
  if (out.op === 'replace' && out.path !== '') {
    const { parent, key } = locate(document, out.path);
    if (typeof parent === 'object' && parent !== null && !Array.isArray(parent) && !Object.hasOwn(parent, key)) {
      return { op: 'add', path: out.path, value: out.value };
    }
  }
  return out;
}

function tokens(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((token) => token.replace(/~1/g, '/').replace(/~0/g, '~'));
}

function locate(document: unknown, path: string): { parent: unknown; key: string } {
  const keys = tokens(path);
  let parent: unknown = document;
  for (const key of keys.slice(0, -1)) parent = (parent as Record<string, unknown> | undefined)?.[key];
  return { parent, key: keys[keys.length - 1] ?? '' };
}

function resolveIndexes(document: unknown, path: string): string {
  if (!/\/-\d/.test(path)) return path;
  let at: unknown = document;
  const out = tokens(path).map((token) => {
    let key = token;
    if (Array.isArray(at) && /^-\d+$/.test(token)) {
      const index = at.length + Number(token);
      if (index < 0) throw new Error(`index ${token} is out of range`);
      key = String(index);
    }
    at = (at as Record<string, unknown> | undefined)?.[key];
    return key.replace(/~/g, '~0').replace(/\//g, '~1');
  });
  return `/${out.join('/')}`;
}
