import type { LocalClient } from '../local-client.js';

/** Namespaces that exist from the start. */
export const SYSTEM_NAMESPACES: readonly string[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Creates the system namespaces that are missing. @returns Whether any was: the cluster is new. */
export async function ensureNamespaces(client: LocalClient): Promise<boolean> {
  const made = await Promise.all(
    SYSTEM_NAMESPACES.map((name) =>
      client.create('', 'namespaces', {
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      }),
    ),
  );
  return made.some((namespace) => namespace !== null);
}
