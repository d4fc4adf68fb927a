/** Which updates of pods are evaluated again. */
import type { Container, Pod } from '@k/pod-security';

/** A container counts with its image only: nothing else that matters can be changed. */
type Listed = Pick<Container, 'name' | 'image'> | null | undefined;

const listOf = (pod: Pod, list: 'containers' | 'initContainers' | 'ephemeralContainers'): readonly Listed[] => pod.spec?.[list] ?? [];

/** True when containers, their images or ephemeral containers changed; pods that break a new level can still be labelled. */
export function isSignificantUpdate(pod: Pod, old: Pod): boolean {
  for (const list of ['containers', 'initContainers'] as const) {
    const now = listOf(pod, list);
    const before = listOf(old, list);
    if (now.length !== before.length || now.some((container, i) => (container?.image ?? '') !== (before[i]?.image ?? ''))) return true;
  }
  const before = listOf(old, 'ephemeralContainers');
  return listOf(pod, 'ephemeralContainers').some((container) => {
    const same = before.find((other) => (other?.name ?? '') === (container?.name ?? ''));
    return same === undefined || (same?.image ?? '') !== (container?.image ?? '');
  });
}
