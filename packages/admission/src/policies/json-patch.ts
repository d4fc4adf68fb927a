/** `jsonPatch`: the result of an expression is a list of operations. */
import { type KubeObject, newInternalError, StatusError } from '@k/apimachinery';
import { applyJsonPatch } from '@k/apimachinery/patch';
import { CelMessage } from '../cel/functions/translated.js';
import { typeNameOf } from '../cel/functions/type-names.js';
import type { PatchOperation } from '../interface.js';
import { JsonValueError, toJsonValue } from './json-value.js';
import { MutationError } from './mutation-error.js';

/**
 * The object after all operations; the object itself when a `test` among them fails.
 *
 * @throws {@link MutationError} when an operation does not apply, StatusError 500 when the result is no list of operations.
 */
export function applyPatchValue(object: KubeObject, value: unknown): KubeObject {
  if (!Array.isArray(value)) throw newInternalError('type mismatch: JSONPatchType.expression should evaluate to array');
  const operations = value.map(operationOf);
  let document: unknown = object;
  // Each application copies the document: not one for each operation, and no more than the limit of requests at once.
  for (let i = 0; i < operations.length; i += AT_ONCE) {
    const part = operations.slice(i, i + AT_ONCE);
    const after = tryPatch(document, part);
    if (after === null) {
      const [before, operation] = firstFailure(document, part);
      if (operation.op === 'test' && parentOf(before, operation.path) !== undefined) return object;
      throw new MutationError(`JSON Patch: ${faultOf(before, operation)}`);
    }
    document = after.document;
  }
  return document as KubeObject;
}

const AT_ONCE = 1000;

/** Null when an operation does not apply. */
function tryPatch(document: unknown, operations: readonly PatchOperation[]): { document: unknown } | null {
  try {
    return { document: applyJsonPatch(document, operations as never) };
  } catch (error) {
    if (StatusError.is(error)) return null;
    throw error;
  }
}

/** The operation that does not apply, with the document that those before it leave. */
function firstFailure(document: unknown, operations: readonly PatchOperation[]): [before: unknown, operation: PatchOperation] {
  let before = document;
  let applied = 0;
  let failing = operations.length;
  while (failing - applied > 1) {
    const middle = (applied + failing) >> 1;
    const after = tryPatch(document, operations.slice(0, middle));
    if (after === null) failing = middle;
    else [before, applied] = [after.document, middle];
  }
  return [before, operations[applied] as PatchOperation];
}

function operationOf(item: unknown): PatchOperation {
  if (!(item instanceof CelMessage) || item.typeName !== 'JSONPatch') {
    throw newInternalError(
      `type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch: unsupported type ${typeNameOf(item)}`,
    );
  }
  try {
    return toJsonValue(item) as PatchOperation;
  } catch (error) {
    if (error instanceof JsonValueError) throw newInternalError(`type mismatch: ${error.message}`);
    throw error;
  }
}

const tokensOf = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((token) => token.replace(/~1/g, '/').replace(/~0/g, '~'));

/** What holds the place that a path names; undefined when there is nothing. */
function parentOf(document: unknown, path: string): object | undefined {
  let at: unknown = document;
  for (const token of tokensOf(path).slice(0, -1)) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string, unknown>)[token];
  }
  return typeof at === 'object' && at !== null ? at : undefined;
}

/** Why an operation does not apply, as upstream's library says it. */
function faultOf(document: unknown, { op, path = '', from = '' }: PatchOperation): string {
  const parent = parentOf(document, path);
  const last = tokensOf(path).at(-1) ?? '';
  const missing = (text: string): string => `${text}: missing value`;
  switch (op) {
    case 'add':
      if (parent === undefined) return missing(`add operation does not apply: doc is missing path: "${path}"`);
      return `error in add for path: '${path}': ${elementFault(parent, last)}`;
    case 'remove':
      if (parent === undefined) return missing(`remove operation does not apply: doc is missing path: "${path}"`);
      return `error in remove for path: '${path}': ${elementFault(parent, last)}`;
    case 'replace':
      if (parent === undefined) return missing(`replace operation does not apply: doc is missing path: ${path}`);
      return missing(`replace operation does not apply: doc is missing key: ${path}`);
    case 'move':
    case 'copy':
      if (parentOf(document, from) === undefined) return missing(`${op} operation does not apply: doc is missing from path: ${from}`);
      if (parent === undefined) return missing(`${op} operation does not apply: doc is missing destination path: ${path}`);
      return `error in ${op} for path: '${tokensOf(from).at(-1) ?? ''}': ${elementFault(parentOf(document, from) ?? parent, tokensOf(from).at(-1) ?? '')}`;
    case 'test':
      return missing(`test operation for path: "${path}"`);
    default:
      return `Unexpected kind: ${op}`;
  }
}

function elementFault(parent: object, key: string): string {
  if (!Array.isArray(parent)) return `Unable to remove nonexistent key: ${key}: missing value`;
  const index = Number(key);
  if (!Number.isInteger(index)) return `strconv.Atoi: parsing "${key}": invalid syntax`;
  return `Unable to access invalid index: ${index}: invalid index referenced`;
}
