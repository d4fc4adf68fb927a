/** What connections need to know of pods and the nodes that they run on. */
import { type KubeObject, newBadRequest, newNotFound } from '@k/apimachinery';
import type { ServerContext } from '../server-context.js';

interface Container {
  name: string;
  ports?: { containerPort: number }[];
}

interface PodSpec {
  nodeName?: string;
  containers?: Container[];
  initContainers?: Container[];
  ephemeralContainers?: Container[];
}

/** @throws 404 */
export async function find(server: ServerContext, resource: string, namespace: string, name: string): Promise<KubeObject> {
  const object = await server.client.get('', resource, namespace, name);
  if (object === null) throw newNotFound({ group: '', resource }, name);
  return object;
}

export const specOf = (pod: KubeObject): PodSpec => (pod['spec'] ?? {}) as PodSpec;

/** The container that is meant. @throws 400 for one that the pod does not have, and for none where it has several. */
export function containerOf(pod: KubeObject, wanted: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = specOf(pod);
  const name = pod.metadata?.name ?? '';
  const known = [...initContainers, ...containers, ...ephemeralContainers].map((container) => container.name);
  if (wanted !== '') {
    if (!known.includes(wanted)) throw newBadRequest(`container ${wanted} is not valid for pod ${name}`);
    return wanted;
  }
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only.name;
  throw newBadRequest(`a container name must be specified for pod ${name}, choose one of: [${known.join(' ')}]`);
}
