import type { KubeObject } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import { timestamp } from '../rest/write-object.js';
import { type Controller, WorkQueue } from './controller.js';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const RESOURCE = 'flowschemas';
const TYPE = 'Dangling';

interface Condition {
  type: string;
  status: string;
  lastTransitionTime: string;
  reason: string;
  message: string;
}

/** What a FlowSchema's status says of the priority level that it names. */
export function danglingCondition(level: string, exists: boolean, nowMs: number): Condition {
  const subject = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  return {
    type: TYPE,
    status: exists ? 'False' : 'True',
    lastTransitionTime: timestamp(nowMs),
    reason: exists ? 'Found' : 'NotFound',
    message: exists ? `${subject} and it exists` : `${subject} but there is no such object`,
  };
}

/** Keeps the condition `Dangling` of FlowSchemas. */
export function flowSchemaStatusController(informers: InformerSet, client: LocalClient, log: Logger): Controller {
  const schemas = informers.informer(GROUP, RESOURCE) as Informer;
  const levels = informers.informer(GROUP, 'prioritylevelconfigurations') as Informer;
  const unsubscribe: (() => void)[] = [];
  const wanted = (schema: KubeObject): Condition | null => {
    const { priorityLevelConfiguration } = (schema['spec'] ?? {}) as { priorityLevelConfiguration?: { name?: string } };
    const level = priorityLevelConfiguration?.name ?? '';
    const next = danglingCondition(level, levels.get('', level) !== undefined, Date.now());
    const now = conditionsOf(schema).find(({ type }) => type === TYPE);
    return now?.status === next.status && now.reason === next.reason && now.message === next.message ? null : next;
  };
  const queue = new WorkQueue('flow-schema-status', log, async (name) => {
    const schema = schemas.get('', name);
    if (schema === undefined || wanted(schema) === null) return;
    await client.update(GROUP, RESOURCE, '', name, (current) => {
      const next = wanted(current);
      if (next === null) return null;
      const others = conditionsOf(current).filter(({ type }) => type !== TYPE);
      return { ...current, status: { ...(current['status'] as object | undefined), conditions: [...others, next] } };
    });
  });
  const addAll = (): void => {
    for (const { metadata } of schemas.list()) queue.add(metadata?.name ?? '');
  };
  return {
    name: 'flow-schema-status',
    async start() {
      await Promise.all([schemas.start(), levels.start()]);
      unsubscribe.push(
        schemas.onEvent(({ type, object }) => {
          if (type !== 'DELETED') queue.add(object.metadata?.name ?? '');
        }),
        levels.onEvent(({ type }) => {
          if (type !== 'MODIFIED') addAll();
        }),
      );
      addAll();
    },
    stop() {
      for (const stop of unsubscribe) stop();
      queue.stop();
    },
  };
}

function conditionsOf(schema: KubeObject): readonly Condition[] {
  return (schema['status'] as { conditions?: Condition[] } | undefined)?.conditions ?? [];
}
