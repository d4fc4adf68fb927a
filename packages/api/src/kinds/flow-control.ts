import type { KubeObject } from '@k/apimachinery';

interface Shares {
  nominalConcurrencyShares?: number;
  lendablePercent?: number;
  limitResponse?: { type?: string; queuing?: { queues?: number; handSize?: number; queueLengthLimit?: number } };
}

/** A flow schema comes into play late, unless it says otherwise. */
export function flowSchemaDefaults(object: KubeObject): void {
  const spec = object['spec'] as { matchingPrecedence?: number } | undefined;
  if (spec !== undefined) spec.matchingPrecedence ||= 1000;
}

/** Shares and queues of a priority level. */
export function priorityLevelDefaults(object: KubeObject): void {
  const spec = object['spec'] as { type?: string; limited?: Shares; exempt?: Shares } | undefined;
  if (spec === undefined) return;
  if (spec.type === 'Exempt') {
    spec.exempt ??= {};
    spec.exempt.nominalConcurrencyShares ??= 0;
    spec.exempt.lendablePercent ??= 0;
  }
  const { limited } = spec;
  if (limited === undefined) return;
  limited.nominalConcurrencyShares ??= 30;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (queuing === undefined) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}
