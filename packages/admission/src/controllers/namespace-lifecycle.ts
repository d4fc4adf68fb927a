/**
 * NamespaceLifecycle: nothing is created in a namespace that is absent or going; the namespaces of the system stay.
 */
import { type KubeObject, newNotFound } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { isNamespace } from '../request-match.js';
import { deny, forbiddenFor } from '../response.js';

const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);
/** A namespace that was just deleted is looked up live for so long, because a cache may lag behind. */
const FORCE_LIVE_MS = 30_000;
const FORCE_LIVE_MAX = 100;

const phaseOf = (namespace: KubeObject): string | undefined => (namespace['status'] as { phase?: string } | undefined)?.phase;

/** The NamespaceLifecycle controller. */
export function namespaceLifecycle({ objects, now = Date.now }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, ['', 'namespaces']);
  const deletedAt = new Map<string, number>();

  const remember = (name: string): void => {
    deletedAt.delete(name);
    deletedAt.set(name, now());
    if (deletedAt.size > FORCE_LIVE_MAX) deletedAt.delete(deletedAt.keys().next().value as string);
  };
  const isForced = (name: string): boolean => {
    const at = deletedAt.get(name);
    return at !== undefined && now() - at < FORCE_LIVE_MS;
  };

  const judge = (request: AdmissionRequest, found: KubeObject | undefined): undefined => {
    const { namespace } = request;
    if (found === undefined) throw newNotFound({ group: '', resource: 'namespaces' }, namespace);
    if (request.operation !== 'CREATE' || phaseOf(found) !== 'Terminating') return undefined;
    const error = forbiddenFor(request, `unable to create new content in namespace ${namespace} because it is being terminated`);
    error.status.details = {
      ...error.status.details,
      causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
    };
    throw error;
  };

  return {
    name: 'NamespaceLifecycle',
    supportsOperation: (operation) => operation !== 'CONNECT',
    admit(request) {
      const { operation, namespace, name, subresource } = request;
      if (isNamespace(request)) {
        if (operation !== 'DELETE' || subresource !== '') return undefined;
        if (IMMORTAL.has(name)) return deny('this namespace may not be deleted');
        remember(name);
        return undefined;
      }
      if (namespace === '' || operation === 'DELETE') return undefined;
      const { group, resource } = request.resource;
      if (resource === 'localsubjectaccessreviews' && group === 'authorization.k8s.io') return undefined;
      return caches.whenFilled(request, () => {
        const cached = objects.get('', 'namespaces', '', namespace);
        if (cached !== undefined && !(phaseOf(cached) === 'Active' && isForced(namespace))) return judge(request, cached);
        return objects.getLive('', 'namespaces', '', namespace).then((live) => judge(request, live));
      });
    },
  };
}
