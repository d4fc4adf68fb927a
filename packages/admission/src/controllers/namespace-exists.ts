/** NamespaceExists: the namespace of a request must be there. */
import { newInternalError, newNotFound } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { isNamespace } from '../request-match.js';

/** The NamespaceExists controller. */
export function namespaceExists({ objects }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, ['', 'namespaces']);
  return {
    name: 'NamespaceExists',
    supportsOperation: (operation) => operation !== 'CONNECT',
    validate(request) {
      const { namespace } = request;
      if (namespace === '' || isNamespace(request)) return undefined;
      return caches.whenFilled(request, async () => {
        if (objects.get('', 'namespaces', '', namespace) !== undefined) return undefined;
        const live = await objects.getLive('', 'namespaces', '', namespace).catch((cause: unknown) => {
          throw newInternalError(`namespace ${namespace} could not be read`, cause);
        });
        if (live === undefined) throw newNotFound({ group: '', resource: 'namespaces' }, namespace);
        return undefined;
      });
    },
  };
}
