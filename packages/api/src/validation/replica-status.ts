import type { UpdateRule } from './kind-validation.js';

type Counts = Record<string, number | undefined>;

interface StatusRules {
  /** Fields that may not be negative, in upstream's order. */
  counts: readonly string[];
  /** Fields that may not exceed `replicas`. */
  bounded: readonly string[];
  /** The text about more available than ready pods; '' = not checked. */
  ready: string;
}

const RULES: Readonly<Record<string, StatusRules>> = {
  Deployment: {
    counts: [
      'observedGeneration',
      'replicas',
      'updatedReplicas',
      'readyReplicas',
      'availableReplicas',
      'unavailableReplicas',
      'terminatingReplicas',
      'collisionCount',
    ],
    bounded: ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
    ready: 'cannot be greater than readyReplicas',
  },
  ReplicaSet: {
    counts: ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas', 'observedGeneration'],
    bounded: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
    ready: 'cannot be greater than readyReplicas',
  },
  ReplicationController: {
    counts: ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'],
    bounded: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
    ready: 'cannot be greater than readyReplicas',
  },
  StatefulSet: {
    counts: [
      'replicas',
      'readyReplicas',
      'currentReplicas',
      'updatedReplicas',
      'availableReplicas',
      'observedGeneration',
      'collisionCount',
    ],
    bounded: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
    ready: 'cannot be greater than status.readyReplicas',
  },
  DaemonSet: {
    counts: [
      'currentNumberScheduled',
      'numberMisscheduled',
      'desiredNumberScheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
      'collisionCount',
    ],
    bounded: [],
    ready: '',
  },
};

/** The status of a controller: counts that fit together, and collisions that only grow. */
export function validateReplicaStatus(kind: string): UpdateRule {
  const { counts, bounded, ready } = RULES[kind] as StatusRules;
  return (object, old, errors) => {
    const status = (object['status'] as Counts | undefined) ?? {};
    const before = (old['status'] as Counts | undefined) ?? {};
    for (const field of counts) errors.nonNegative(`status.${field}`, status[field]);
    const { replicas = 0, availableReplicas = 0, readyReplicas = 0 } = status;
    for (const field of bounded) {
      const count = status[field] ?? 0;
      if (count > replicas) errors.invalid(`status.${field}`, count, 'cannot be greater than status.replicas');
    }
    if (ready !== '' && availableReplicas > readyReplicas) errors.invalid('status.availableReplicas', availableReplicas, ready);
    const { collisionCount } = status;
    const oldCount = before['collisionCount'];
    if (oldCount !== undefined && (collisionCount === undefined || collisionCount < oldCount)) {
      errors.invalid('status.collisionCount', collisionCount ?? 0, 'cannot be decremented');
    }
  };
}
