/** `pods/eviction`: deletes a pod if its disruption budgets allow it. */
import {
  type KubeObject,
  matchesLabels,
  newBadRequest,
  newForbidden,
  newNotFound,
  newStatusError,
  selectorFromLabelSelector,
} from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { sendStatus } from '../http/respond.js';
import { deleteObject } from '../rest/delete-object.js';
import { checkDeleteOptions, type DeleteOptions, parseWriteOptions } from '../rest/options.js';
import { timestamp } from '../rest/write-object.js';
import { decodeReview } from '../reviews/decode-review.js';
import type { ResourceHandler, ResourceScope, ServerContext } from '../server-context.js';

/** Pods that a budget waits for before it refuses more. */
const DISRUPTED_PODS_MAX = 2000;
const RETRY_AFTER_SECONDS = 10;

interface Budget extends KubeObject {
  spec?: { selector?: object; unhealthyPodEvictionPolicy?: string };
  status?: {
    observedGeneration?: number;
    disruptionsAllowed?: number;
    currentHealthy?: number;
    desiredHealthy?: number;
    disruptedPods?: Record<string, string>;
    conditions?: { type: string; status: string; lastTransitionTime: string; [field: string]: unknown }[];
  };
}

interface PodStatus {
  phase?: string;
  conditions?: { type: string; status: string }[];
}

function isReady(pod: KubeObject): boolean {
  return ((pod['status'] as PodStatus | undefined)?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Pods that no budget protects: ended, not started, or already going. */
function needsNoBudget(pod: KubeObject): boolean {
  const phase = (pod['status'] as PodStatus | undefined)?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata?.deletionTimestamp !== undefined;
}

/** A pod that is not ready may go when its budget is met without it. */
function isUnhealthyAllowed(pod: KubeObject, budget: Budget): boolean {
  if (isReady(pod)) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function tooManyRequests(cause: string, retryAfterSeconds: number): Error {
  return newStatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message: cause }],
    ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
  } as never);
}

/** Takes one disruption from the budget. */
function takeDisruption(budget: Budget, pod: string, now: string): Budget {
  const name = budget.metadata?.name ?? '';
  const status = (budget.status ??= {});
  if ((status.observedGeneration ?? 0) < (budget.metadata?.generation ?? 0)) {
    throw tooManyRequests(`The disruption budget ${name} is still being processed by the server.`, RETRY_AFTER_SECONDS);
  }
  const resource = { group: 'policy', resource: 'poddisruptionbudget' };
  const allowed = status.disruptionsAllowed ?? 0;
  if (allowed < 0) throw newForbidden(resource, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > DISRUPTED_PODS_MAX) {
    throw newForbidden(resource, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (allowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status;
    throw tooManyRequests(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`, 0);
  }
  status.disruptionsAllowed = allowed - 1;
  status.disruptedPods = { ...status.disruptedPods, [pod]: now };
  if (status.disruptionsAllowed === 0) markExhausted(status, now);
  return budget;
}

/** Says in the budget's conditions that it allows no disruption any more. */
function markExhausted(status: NonNullable<Budget['status']>, now: string): void {
  const before = status.conditions?.find(({ type }) => type === 'DisruptionAllowed');
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    observedGeneration: status.observedGeneration ?? 0,
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
    reason: 'InsufficientPods',
    message: '',
  };
  status.conditions = [...(status.conditions ?? []).filter(({ type }) => type !== condition.type), condition];
}

async function checkBudgets(server: ServerContext, pod: KubeObject, namespace: string, name: string, dryRun: boolean): Promise<void> {
  await server.informers.ready('policy', 'poddisruptionbudgets');
  const labels = pod.metadata?.labels ?? {};
  const budgets = (server.informers.list('policy', 'poddisruptionbudgets', namespace) as Budget[]).filter((budget) => {
    const selector = selectorFromLabelSelector(budget.spec?.selector ?? null);
    return selector !== null && matchesLabels(selector, labels);
  });
  if (budgets.length > 1) {
    throw newStatusError(
      500,
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      {},
    );
  }
  const [budget] = budgets;
  if (budget === undefined || isUnhealthyAllowed(pod, budget)) return;
  const now = timestamp(server.now());
  if (dryRun) {
    takeDisruption(structuredClone(budget), name, now);
    return;
  }
  await server.client.update('policy', 'poddisruptionbudgets', namespace, budget.metadata?.name ?? '', (current) =>
    takeDisruption(current as Budget, name, now),
  );
}

/** POST pods/NAME/eviction. */
export const handleEviction: ResourceHandler = async (server: ServerContext, context: RequestContext, scope: ResourceScope) => {
  const write = parseWriteOptions(context, 'CreateOptions');
  const eviction = await decodeReview(server, context, scope);
  const named = eviction.metadata?.name ?? '';
  if (named !== scope.name) throw newBadRequest('name in URL does not match name in Eviction object');
  const options: DeleteOptions = checkDeleteOptions((eviction['deleteOptions'] ?? {}) as KubeObject, false);
  options.dryRun ||= write.dryRun;
  const pod = await server.client.get('', 'pods', scope.namespace, scope.name);
  if (pod === null) throw newNotFound({ group: '', resource: 'pods' }, scope.name);
  if (!needsNoBudget(pod)) await checkBudgets(server, pod, scope.namespace, scope.name, options.dryRun);
  await deleteObject(server, context, { ...scope, subresource: undefined }, options, { admit: false });
  await sendStatus(context, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
};
