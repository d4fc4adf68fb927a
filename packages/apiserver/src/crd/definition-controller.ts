/** Brings definitions through their lives: names, establishment, and the removal of all objects at their end. */

import { CLEANUP_FINALIZER, type CrdObject } from '@k/api';
import { stringifyExactJson } from '@k/apimachinery';
import type { Logger } from 'pino';
import { type Controller, WorkQueue } from '../controllers/controller.js';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import type { ResourceRegistry } from '../registry.js';
import { withCondition } from './conditions.js';
import { named } from './names.js';
import { DEFINITIONS } from './served-definitions.js';

/** Milliseconds in which other servers learn that no more objects may be made, before those there are deleted. */
const SETTLE_MS = 800;
/** Milliseconds between looks at objects that finalizers hold. */
const POLL_MS = 200;

const { group: GROUP, resource: RESOURCE } = DEFINITIONS;

/** Makes the controller. */
export function definitionController(informers: InformerSet, registry: ResourceRegistry, client: LocalClient, log: Logger): Controller {
  const definitions = informers.informer(GROUP, RESOURCE) as Informer;
  let unsubscribe: () => void = () => {};
  const update = (name: string, change: (crd: CrdObject) => CrdObject): Promise<unknown> =>
    client.update(GROUP, RESOURCE, '', name, (current) => {
      const next = change(structuredClone(current) as CrdObject);
      return stringifyExactJson(next) === stringifyExactJson(current) ? null : next;
    });
  const queue = new WorkQueue('customresourcedefinition', log, async (name) => {
    const crd = (await client.get(GROUP, RESOURCE, '', name)) as CrdObject | null;
    if (crd === null) return;
    if (crd.metadata?.deletionTimestamp !== undefined) {
      await finish(crd, name);
      return;
    }
    const others = definitions.list().filter((other) => other.metadata?.name !== name) as CrdObject[];
    const sameGroup = others.filter((other) => other.spec?.group === crd.spec?.group);
    await update(name, (current) => (current.metadata?.deletionTimestamp === undefined ? named(current, sameGroup, Date.now()) : current));
  });

  /** Empties and releases a definition that is being deleted. */
  async function finish(crd: CrdObject, name: string): Promise<void> {
    if (crd.metadata?.finalizers?.includes(CLEANUP_FINALIZER) !== true) return;
    const terminating = crd.status?.conditions?.find(({ type }) => type === 'Terminating');
    const sinceMs = Date.now() - Date.parse(terminating?.lastTransitionTime ?? '');
    if (terminating?.reason === 'InstanceDeletionPending' && sinceMs < SETTLE_MS + 1000) {
      // Times have whole seconds; what passed since may be up to one second less.
      queue.addAfter(name, SETTLE_MS + 1000 - sinceMs);
      return;
    }
    if (terminating?.reason !== 'InstanceDeletionInProgress') {
      const condition = { type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress' } as const;
      await update(name, (current) =>
        withCondition(current, { ...condition, message: 'CustomResource deletion is in progress' }, Date.now()),
      );
    }
    if ((await deleteObjects(crd)) > 0) {
      queue.addAfter(name, POLL_MS);
      return;
    }
    await client.release(GROUP, RESOURCE, '', name, (current) => {
      const condition = {
        type: 'Terminating',
        status: 'False',
        reason: 'InstanceDeletionCompleted',
        message: 'removed all instances',
      } as const;
      const next = withCondition(structuredClone(current) as CrdObject, condition, Date.now());
      const finalizers = (next.metadata?.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
      const { finalizers: _before, ...metadata } = next.metadata ?? {};
      return { ...next, metadata: finalizers.length > 0 ? { ...metadata, finalizers } : metadata };
    });
  }

  /** Deletes all objects of a definition; returns how many are still there. */
  async function deleteObjects({ spec }: CrdObject): Promise<number> {
    const group = spec?.group ?? '';
    const resource = spec?.names?.plural ?? '';
    const found = registry.find(group, resource);
    if (found === undefined || found.definition.custom !== true) return 0;
    const { items } = await found.storage.list({ namespace: '', freshness: { kind: 'latest' } });
    for (const { namespace, name } of items) await client.delete(group, resource, namespace, name);
    if (items.length === 0) return 0;
    const left = await found.storage.list({ namespace: '', freshness: { kind: 'latest' } });
    return left.items.length;
  }

  return {
    name: 'customresourcedefinition',
    async start() {
      unsubscribe = definitions.onEvent(({ type, object }) => {
        if (type !== 'DELETED') queue.add(object.metadata?.name ?? '');
        if (type === 'ADDED') return;
        // A name that became free may be what another definition waits for.
        const { group } = (object as CrdObject).spec ?? {};
        for (const other of definitions.list()) {
          if ((other as CrdObject).spec?.group === group && other.metadata?.name !== object.metadata?.name)
            queue.add(other.metadata?.name ?? '');
        }
      });
      await definitions.start();
      for (const object of definitions.list()) queue.add(object.metadata?.name ?? '');
    },
    stop() {
      unsubscribe();
      queue.stop();
    },
  };
}
