/** Sets of tolerations: which covers which, and how two are merged. */
import type { Toleration } from './pod-fields.js';

const isEqual = (a: Toleration, b: Toleration): boolean =>
  (a.key ?? '') === (b.key ?? '') &&
  (a.operator ?? '') === (b.operator ?? '') &&
  (a.value ?? '') === (b.value ?? '') &&
  (a.effect ?? '') === (b.effect ?? '') &&
  a.tolerationSeconds === b.tolerationSeconds;

/** True when everything that `narrow` tolerates is tolerated by `wide` too. */
export function isTolerationSuperset(wide: Toleration, narrow: Toleration): boolean {
  if (isEqual(wide, narrow)) return true;
  const operator = wide.operator || 'Equal';
  // An empty key with Exists stands for every key.
  if ((narrow.key ?? '') !== (wide.key ?? '') && ((wide.key ?? '') !== '' || operator !== 'Exists')) return false;
  // An empty effect stands for every effect.
  if ((narrow.effect ?? '') !== (wide.effect ?? '') && (wide.effect ?? '') !== '') return false;
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds) return false;
  }
  if (operator === 'Exists') return true;
  return operator === 'Equal' && (narrow.operator || 'Equal') === 'Equal' && (narrow.value ?? '') === (wide.value ?? '');
}

/** Both lists in order, without what another one covers; of equal ones the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  all.forEach((item, i) => {
    if (merged.some((other) => isTolerationSuperset(other, item))) return;
    if (all.slice(i + 1).some((other) => !isEqual(item, other) && isTolerationSuperset(other, item))) return;
    merged.push(item);
  });
  return merged;
}

/** True when every toleration is covered by one of the list; an empty list covers everything. */
export function areTolerationsAllowed(tolerations: readonly Toleration[], allowed: readonly Toleration[]): boolean {
  return allowed.length === 0 || tolerations.every((item) => allowed.some((other) => isTolerationSuperset(other, item)));
}
