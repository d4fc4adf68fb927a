/** NamespaceAutoProvision: a namespace that is missing is made. */
import { StatusError } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { isCreate, isNamespace } from '../request-match.js';

/** The NamespaceAutoProvision controller. */
export function namespaceAutoProvision({ objects, sink }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, ['', 'namespaces']);
  return {
    name: 'NamespaceAutoProvision',
    supportsOperation: isCreate,
    admit(request) {
      const { namespace, dryRun } = request;
      if (namespace === '' || dryRun || isNamespace(request)) return undefined;
      return caches.whenFilled(request, async () => {
        if (objects.get('', 'namespaces', '', namespace) !== undefined) return undefined;
        try {
          await sink.create('', 'v1', 'namespaces', '', {
            metadata: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace } },
            spec: { finalizers: ['kubernetes'] },
            status: { phase: 'Active' },
          });
        } catch (error) {
          if (!StatusError.is(error, 'AlreadyExists')) throw error;
        }
        return undefined;
      });
    },
  };
}
