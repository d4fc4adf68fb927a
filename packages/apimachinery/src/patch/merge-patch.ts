import { isPlainObject, setOwn } from './own-property.js';

/**
 * RFC 7386, and as kube-apiserver has it nulls in objects within lists mean absent too. Never mutates its inputs; parts
 * of the original are shared with the result.
 */
export function applyMergePatch<T>(original: T, patch: unknown): T {
  if (Array.isArray(patch)) return patch.map((item) => applyMergePatch(undefined, item)) as T;
  if (!isPlainObject(patch)) return patch as T;
  const out: Record<string, unknown> = isPlainObject(original) ? { ...original } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete out[key];
    else setOwn(out, key, applyMergePatch(Object.hasOwn(out, key) ? out[key] : undefined, value));
  }
  return out as T;
}
