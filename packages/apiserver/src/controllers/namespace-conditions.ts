import type { KubeObject } from '@k/apimachinery';

/** What a pass over a namespace that is being deleted has left. */
export interface RemainingContent {
  /** Objects by `resource.group`. */
  resources: ReadonlyMap<string, number>;
  /** Objects by finalizer. */
  finalizers: ReadonlyMap<string, number>;
}

interface Condition {
  type: string;
  status: 'True' | 'False';
  lastTransitionTime: string;
  reason: string;
  message: string;
}

type Verdict = Omit<Condition, 'lastTransitionTime'>;

function list(counts: ReadonlyMap<string, number>, print: (name: string, count: number) => string): string {
  return [...counts.keys()]
    .sort()
    .map((name) => print(name, counts.get(name) as number))
    .join(', ');
}

function verdicts({ resources, finalizers }: RemainingContent): Verdict[] {
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    {
      type: 'NamespaceDeletionContentFailure',
      status: 'False',
      reason: 'ContentDeleted',
      message: 'All content successfully deleted, may be waiting on finalization',
    },
    resources.size > 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${list(resources, (name, count) => `${name} has ${count} resource instances`)}`,
        }
      : { type: 'NamespaceContentRemaining', status: 'False', reason: 'ContentRemoved', message: 'All content successfully removed' },
    finalizers.size > 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${list(finalizers, (name, count) => `${name} in ${count} resource instances`)}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ];
}

/** The namespace with conditions that say what it waits for; null when it has them already. */
export function withConditions(namespace: KubeObject, remaining: RemainingContent, now: string): KubeObject | null {
  const status = (namespace['status'] ?? {}) as { conditions?: Condition[] };
  const before = status.conditions ?? [];
  let changed = false;
  const ours = verdicts(remaining).map((verdict): Condition => {
    const old = before.find(({ type }) => type === verdict.type);
    if (old?.status === verdict.status && old.reason === verdict.reason && old.message === verdict.message) return old;
    changed = true;
    const { type, status: value, reason, message } = verdict;
    return { type, status: value, lastTransitionTime: old?.status === value ? old.lastTransitionTime : now, reason, message };
  });
  if (!changed) return null;
  const others = before.filter(({ type }) => !ours.some((own) => own.type === type));
  return { ...namespace, status: { ...status, conditions: [...others, ...ours] } };
}
