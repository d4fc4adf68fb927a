import type { KubeObject } from '@k/apimachinery';
import type { NodeGraph } from '@k/auth/node';
import type { InformerSet } from './informer-set.js';

/** Fills the graph from the server's own objects and keeps it current; resolves when all present ones are in. */
export async function followNodeGraph(graph: NodeGraph, informers: InformerSet): Promise<void> {
  const follow = async (
    group: string,
    resource: string,
    set: (object: KubeObject) => void,
    remove: (namespace: string, name: string) => void,
  ) => {
    const informer = informers.informer(group, resource);
    if (informer === undefined) return;
    informer.onEvent(({ type, object }) => {
      if (type === 'DELETED') remove(object.metadata?.namespace ?? '', object.metadata?.name ?? '');
      else set(object);
    });
    await informer.start();
    for (const object of informer.list()) set(object);
  };
  await Promise.all([
    follow(
      '',
      'pods',
      (pod) => graph.setPod(pod),
      (namespace, name) => graph.deletePod(namespace, name),
    ),
    follow(
      '',
      'persistentvolumes',
      (volume) => graph.setVolume(volume),
      (_, name) => graph.deleteVolume(name),
    ),
    follow(
      'storage.k8s.io',
      'volumeattachments',
      (attachment) => graph.setBound('volumeattachments', attachment),
      (_, name) => graph.deleteBound('volumeattachments', name),
    ),
    follow(
      'resource.k8s.io',
      'resourceslices',
      (slice) => graph.setBound('resourceslices', slice),
      (_, name) => graph.deleteBound('resourceslices', name),
    ),
  ]);
}
