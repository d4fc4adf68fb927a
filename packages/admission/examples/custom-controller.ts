/** A controller of one's own beside the built-in ones. */
import {
  AdmissionChain,
  type AdmissionController,
  type AdmissionOutcome,
  type AdmissionRequest,
  type AdmissionResponse,
  allow,
  createAdmissionRequest,
  deny,
  MemoryObjects,
  memoryDependencies,
  type Operation,
} from '@k/admission';

/** Demands a team label, and marks what it has seen. */
export class TeamLabel implements AdmissionController {
  readonly name = 'TeamLabel';

  supportsOperation(operation: Operation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  admit({ object }: AdmissionRequest): AdmissionResponse {
    if (object?.metadata?.labels?.['team'] === undefined) return deny('label "team" is missing');
    return allow({ patch: [{ op: 'add', path: '/metadata/labels/admitted', value: 'true' }] });
  }
}

/** Runs a config map through the built-in controllers and this one. */
export async function admitConfigMap(labels: Record<string, string>): Promise<AdmissionOutcome> {
  const objects = new MemoryObjects();
  objects.set('', 'namespaces', { metadata: { name: 'shop' }, status: { phase: 'Active' } });
  const chain = new AdmissionChain().withBuiltInControllers(memoryDependencies(objects)).withController(new TeamLabel());
  return chain.admit(
    createAdmissionRequest({
      operation: 'CREATE',
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'shop', labels } },
    }),
  );
}
