import type { KubeObject } from '@k/apimachinery';
import { matchesLabels, selectorFromLabelSelector } from '@k/apimachinery';
import { aggregateRules } from '@k/auth/bootstrap';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import { type Controller, WorkQueue } from './controller.js';

const GROUP = 'rbac.authorization.k8s.io';

/** Keeps the rules of aggregated ClusterRoles equal to those of the roles that they select. */
export function clusterRoleAggregationController(informers: InformerSet, client: LocalClient, log: Logger): Controller {
  const roles = informers.informer(GROUP, 'clusterroles') as Informer;
  let unsubscribe: () => void = () => {};
  const queue = new WorkQueue('clusterrole-aggregation', log, async (name) => {
    const role = roles.get('', name);
    if (role?.['aggregationRule'] === undefined) return;
    const rules = aggregateRules(role as never, roles.list() as never, (selector, labels) => {
      const parsed = selectorFromLabelSelector(selector);
      return parsed !== null && matchesLabels(parsed, labels);
    });
    if (sameRules(rules as object[], (role['rules'] ?? []) as readonly object[])) return;
    await client.update(GROUP, 'clusterroles', '', name, (current) => ({ ...current, rules }));
  });
  const addAggregated = (): void => {
    for (const role of roles.list()) if (role['aggregationRule'] !== undefined) queue.add(role.metadata?.name ?? '');
  };
  const mayMatter = (object: KubeObject): boolean =>
    object['aggregationRule'] !== undefined || Object.keys(object.metadata?.labels ?? {}).length > 0;
  return {
    name: 'clusterrole-aggregation',
    async start() {
      await roles.start();
      unsubscribe = roles.onEvent(({ object, old }) => {
        if (mayMatter(object) || (old !== undefined && mayMatter(old))) addAggregated();
      });
      addAggregated();
    },
    stop() {
      unsubscribe();
      queue.stop();
    },
  };
}

/** The same rules in any order: kube-controller-manager may have its own. */
function sameRules(a: readonly object[], b: readonly object[]): boolean {
  if (JSON.stringify(a) === JSON.stringify(b)) return true;
  const keysOf = (rules: readonly object[]): string[] => rules.map((rule) => JSON.stringify(Object.entries(rule).sort())).sort();
  return a.length === b.length && keysOf(a).join() === keysOf(b).join();
}
