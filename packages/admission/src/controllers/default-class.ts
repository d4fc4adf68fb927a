import type { KubeObject } from '@k/apimachinery';

/** The class that one of these annotations marks as default: the newest, of several as new the first by name. */
export function defaultClassOf(classes: readonly KubeObject[], annotations: readonly string[]): KubeObject | undefined {
  let chosen: KubeObject | undefined;
  for (const item of classes) {
    const own = item.metadata?.annotations;
    if (own === undefined || !annotations.some((name) => own[name] === 'true')) continue;
    if (chosen === undefined || isBefore(item, chosen)) chosen = item;
  }
  return chosen;
}

function isBefore(a: KubeObject, b: KubeObject): boolean {
  const [atA, atB] = [Date.parse(a.metadata?.creationTimestamp ?? ''), Date.parse(b.metadata?.creationTimestamp ?? '')];
  if (atA !== atB) return atA > atB;
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '');
}
