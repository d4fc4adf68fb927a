import type { CrdCondition, CrdObject } from '@k/api';
import { timestamp } from '../rest/write-object.js';

/** A definition with a condition set; its time changes with its status only. Does not mutate. */
export function withCondition(crd: CrdObject, condition: Omit<CrdCondition, 'lastTransitionTime'>, nowMs: number): CrdObject {
  const conditions = crd.status?.conditions ?? [];
  const known = conditions.find(({ type }) => type === condition.type);
  const isSame = known?.status === condition.status;
  const next: CrdCondition = {
    lastTransitionTime: isSame && known.lastTransitionTime !== undefined ? known.lastTransitionTime : timestamp(nowMs),
    ...condition,
  };
  const list = known === undefined ? [...conditions, next] : conditions.map((entry) => (entry === known ? next : entry));
  return { ...crd, status: { ...crd.status, conditions: list } };
}
