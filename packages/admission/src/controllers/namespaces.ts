/** NamespaceLifecycle, NamespaceExists and NamespaceAutoProvision. */
import { newForbidden, newNotFound, StatusError } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { deny, forbiddenFor } from '../response.js';

const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

const isNamespace = ({ resource }: AdmissionRequest): boolean => resource.group === '' && resource.resource === 'namespaces';

/** Nothing is created in a namespace that is absent or going; system namespaces stay. */
export function namespaceLifecycle({ objects }: AdmissionDependencies): AdmissionController {
  return {
    name: 'NamespaceLifecycle',
    supportsOperation: (operation) => operation !== 'CONNECT',
    admit(request) {
      const { operation, namespace } = request;
      if (isNamespace(request)) {
        if (operation === 'DELETE' && request.subresource === '' && IMMORTAL.has(request.name))
          return deny('this namespace may not be deleted');
        return undefined;
      }
      if (namespace === '' || operation === 'DELETE' || request.resource.resource === 'localsubjectaccessreviews') return undefined;
      const check = (found: ReturnType<typeof objects.get>): undefined => {
        if (found === undefined) throw newNotFound({ group: '', resource: 'namespaces' }, namespace);
        if (operation !== 'CREATE' || (found['status'] as { phase?: string } | undefined)?.phase !== 'Terminating') return undefined;
        const error = forbiddenFor(request, `unable to create new content in namespace ${namespace} because it is being terminated`);
        error.status.details = {
          ...error.status.details,
          causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
        };
        throw error;
      };
      const cached = objects.get('', 'namespaces', '', namespace);
      return cached === undefined ? objects.getLive('', 'namespaces', '', namespace).then(check) : check(cached);
    },
  };
}

/** The namespace must be there. */
export function namespaceExists({ objects }: AdmissionDependencies): AdmissionController {
  return {
    name: 'NamespaceExists',
    supportsOperation: (operation) => operation !== 'CONNECT',
    async validate(request) {
      const { namespace } = request;
      if (namespace === '' || isNamespace(request) || objects.get('', 'namespaces', '', namespace) !== undefined) return undefined;
      if ((await objects.getLive('', 'namespaces', '', namespace)) === undefined)
        throw newNotFound({ group: '', resource: 'namespaces' }, namespace);
      return undefined;
    },
  };
}

/** A missing namespace is made. */
export function namespaceAutoProvision({ objects, sink }: AdmissionDependencies): AdmissionController {
  return {
    name: 'NamespaceAutoProvision',
    supportsOperation: (operation) => operation === 'CREATE',
    async admit(request) {
      const { namespace, dryRun } = request;
      if (namespace === '' || dryRun || isNamespace(request) || objects.get('', 'namespaces', '', namespace) !== undefined)
        return undefined;
      try {
        await sink.create('', 'v1', 'namespaces', '', {
          metadata: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace } },
          spec: { finalizers: ['kubernetes'] },
          status: { phase: 'Active' },
        });
      } catch (error) {
        if (!StatusError.is(error, 'AlreadyExists'))
          throw newForbidden({ group: '', resource: 'namespaces' }, namespace, 'it cannot be created');
      }
      return undefined;
    },
  };
}
