import { type AdmissionExpressions, typeCheckPolicy } from '@k/admission/policies';
import type { Catalogue } from '@k/api';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import { type Controller, WorkQueue } from './controller.js';

const GROUP = 'admissionregistration.k8s.io';
const RESOURCE = 'validatingadmissionpolicies';

interface Status {
  observedGeneration?: number;
  typeChecking?: { expressionWarnings?: object[] };
}

/**
 * Writes into the status of validating policies what the schemas of their kinds say against their expressions. A policy
 * without warnings is left alone: kube-controller-manager, where there is one, writes the same.
 */
export function policyTypeCheckingController(options: {
  informers: InformerSet;
  client: LocalClient;
  catalogue: Catalogue;
  expressions: AdmissionExpressions;
  log: Logger;
}): Controller {
  const { informers, client, catalogue, expressions, log } = options;
  const policies = informers.informer(GROUP, RESOURCE) as Informer;
  let unsubscribe: () => void = () => {};
  const queue = new WorkQueue('validatingadmissionpolicy-status', log, async (name) => {
    const policy = policies.get('', name);
    if (policy === undefined) return;
    const generation = policy.metadata?.generation ?? 0;
    const { observedGeneration, typeChecking } = (policy['status'] ?? {}) as Status;
    if (observedGeneration === generation && typeChecking !== undefined) return;
    const expressionWarnings = typeCheckPolicy(policy, catalogue, expressions);
    if (expressionWarnings.length === 0 && (typeChecking?.expressionWarnings ?? []).length === 0) return;
    await client.update(GROUP, RESOURCE, '', name, (current) => {
      if (current.metadata?.generation !== generation) return null;
      const found = expressionWarnings.length === 0 ? {} : { expressionWarnings };
      return { ...current, status: { ...(current['status'] as Status | undefined), observedGeneration: generation, typeChecking: found } };
    });
  });
  return {
    name: 'validatingadmissionpolicy-status',
    async start() {
      await policies.start();
      unsubscribe = policies.onEvent(({ type, object, old }) => {
        const isSame = old !== undefined && old.metadata?.generation === object.metadata?.generation;
        if (type !== 'DELETED' && !isSame) queue.add(object.metadata?.name ?? '');
      });
      for (const { metadata } of policies.list()) queue.add(metadata?.name ?? '');
    },
    stop() {
      unsubscribe();
      queue.stop();
    },
  };
}
