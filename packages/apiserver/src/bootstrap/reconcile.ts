/** Brings the default objects of a cluster into the store at start, and up to date where they say so. */
import type { KubeObject } from '@k/apimachinery';
import { bootstrapPolicy } from '@k/auth/bootstrap';
import { danglingCondition } from '../controllers/flow-schema-status.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import { FLOW_SCHEMAS, PRIORITY_CLASSES, PRIORITY_LEVELS } from './scheduling-and-flow-control.js';

const RBAC = 'rbac.authorization.k8s.io';
const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io';
const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

type List = readonly Record<string, unknown>[];

/** Items of `wanted` that `present` lacks. */
function missing(present: unknown, wanted: unknown): List {
  // Nearly always they are the same, and a start waits for the answer.
  if (JSON.stringify(present) === JSON.stringify(wanted)) return [];
  const have = new Set(((present ?? []) as List).map((item) => JSON.stringify(item)));
  return ((wanted ?? []) as List).filter((item) => !have.has(JSON.stringify(item)));
}

/** The present object with every default rule, subject, label and annotation that it lacks; null when it lacks none. */
function withDefaults(present: KubeObject, wanted: KubeObject): KubeObject | null {
  if (present.metadata?.annotations?.[AUTO_UPDATE] !== 'true') return null;
  const isAggregated = present['aggregationRule'] !== undefined;
  const rules = isAggregated ? [] : missing(present['rules'], wanted['rules']);
  const subjects = missing(present['subjects'], wanted['subjects']);
  const metadata = wanted.metadata ?? {};
  const labels = { ...metadata.labels, ...present.metadata.labels };
  const annotations = { ...metadata.annotations, ...present.metadata.annotations };
  const sameMetadata =
    Object.keys(labels).length === Object.keys(present.metadata.labels ?? {}).length &&
    Object.keys(annotations).length === Object.keys(present.metadata.annotations).length;
  if (rules.length === 0 && subjects.length === 0 && sameMetadata) return null;
  const next: KubeObject = { ...present, metadata: { ...present.metadata, labels, annotations } };
  if (rules.length > 0) next['rules'] = [...((present['rules'] as List | null) ?? []), ...rules];
  if (subjects.length > 0) next['subjects'] = [...((present['subjects'] as List | undefined) ?? []), ...subjects];
  return next;
}

async function ensure(
  informers: InformerSet,
  client: LocalClient,
  group: string,
  resource: string,
  objects: readonly KubeObject[],
  update: (present: KubeObject, wanted: KubeObject) => KubeObject | null,
): Promise<void> {
  await informers.ready(group, resource);
  await Promise.all(
    objects.map(async (wanted) => {
      const { name = '', namespace = '' } = wanted.metadata ?? {};
      const present = informers.get(group, resource, namespace, name);
      if (present === undefined) {
        if ((await client.create(group, resource, structuredClone(wanted))) !== null) return;
      } else if (update(present, wanted) === null) return;
      await client.update(group, resource, namespace, name, (current) => update(current, wanted));
    }),
  );
}

/** Creates the default roles and bindings, priority classes and flow control objects. Writes nothing on a second start. */
export async function ensureBootstrapObjects(informers: InformerSet, client: LocalClient): Promise<void> {
  const policy = bootstrapPolicy();
  const as = (objects: readonly object[]): readonly KubeObject[] => objects as readonly KubeObject[];
  const keep = (): null => null;
  await Promise.all([
    ensure(informers, client, RBAC, 'clusterroles', as(policy.clusterRoles), withDefaults),
    ensure(informers, client, RBAC, 'clusterrolebindings', as(policy.clusterRoleBindings), withDefaults),
    ensure(informers, client, RBAC, 'roles', as(policy.roles), withDefaults),
    ensure(informers, client, RBAC, 'rolebindings', as(policy.roleBindings), withDefaults),
    ensure(informers, client, 'scheduling.k8s.io', 'priorityclasses', withGeneration(PRIORITY_CLASSES), keep),
    ensure(informers, client, FLOW_CONTROL, 'prioritylevelconfigurations', withGeneration(PRIORITY_LEVELS, { status: {} }), keep),
    ensure(informers, client, FLOW_CONTROL, 'flowschemas', withGeneration(FLOW_SCHEMAS.map(withStatus)), keep),
  ]);
}

/** The default schemas name levels that are made with them. */
function withStatus(schema: KubeObject): KubeObject {
  const { priorityLevelConfiguration } = schema['spec'] as { priorityLevelConfiguration: { name: string } };
  return { ...schema, status: { conditions: [danglingCondition(priorityLevelConfiguration.name, true, Date.now())] } };
}

function withGeneration(objects: readonly KubeObject[], more: object = {}): KubeObject[] {
  return objects.map((object) => ({ ...object, metadata: { ...object.metadata, generation: 1 }, ...more }));
}
