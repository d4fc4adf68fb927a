/** OwnerReferencesPermissionEnforcement: who ties an object to an owner must be allowed to delete it, and to hold the owner. */
import { type KubeObject, type OwnerReference, parseGroupVersion } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { isPod, isWrite } from '../request-match.js';
import { deny } from '../response.js';

const referencesOf = (object: KubeObject | null): OwnerReference[] => object?.metadata?.ownerReferences ?? [];

const isSame = (a: OwnerReference, b: OwnerReference): boolean =>
  a.apiVersion === b.apiVersion &&
  a.kind === b.kind &&
  a.name === b.name &&
  a.uid === b.uid &&
  a.controller === b.controller &&
  a.blockOwnerDeletion === b.blockOwnerDeletion;

function isChanged({ object, oldObject }: AdmissionRequest): boolean {
  const [now, before] = [referencesOf(object), referencesOf(oldObject)];
  return now.length !== before.length || now.some((reference, i) => !isSame(reference, before[i] as OwnerReference));
}

/** References that hold their owner and did not before. */
function newlyBlocking({ object, oldObject }: AdmissionRequest): OwnerReference[] {
  const blocking = (list: OwnerReference[]): OwnerReference[] => list.filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true);
  const before = new Set(blocking(referencesOf(oldObject)).map(({ uid }) => uid));
  return blocking(referencesOf(object)).filter(({ uid }) => !before.has(uid));
}

/** The OwnerReferencesPermissionEnforcement controller. */
export function ownerReferencesPermissionEnforcement({ authorize, catalogue }: AdmissionDependencies): AdmissionController {
  const checkHold = async (request: AdmissionRequest, reference: OwnerReference): Promise<AdmissionResponse | undefined> => {
    const { apiVersion, kind, name } = reference;
    const version = parseGroupVersion(apiVersion);
    const served = version === null ? undefined : catalogue.findKind(version.group, version.version, kind);
    if (version === null || served === undefined) {
      const why =
        version === null ? `unexpected GroupVersion string: ${apiVersion}` : `no matches for kind "${kind}" in version "${apiVersion}"`;
      return deny(
        `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: ${why}`,
      );
    }
    const { group, resource, namespaced } = served.definition;
    const { allowed, reason } = await authorize({
      user: request.user,
      verb: 'update',
      group,
      version: version.version,
      resource,
      subresource: 'finalizers',
      namespace: namespaced ? request.namespace : '',
      name,
    });
    return allowed
      ? undefined
      : deny(`cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, <nil>`);
  };

  const check = async (request: AdmissionRequest): Promise<AdmissionResponse | undefined> => {
    const { user, resource, subresource, namespace, name } = request;
    if (request.operation !== 'CREATE') {
      const { allowed, reason } = await authorize({ user, verb: 'delete', ...resource, subresource, namespace, name });
      if (!allowed) return deny(`cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`);
    }
    for (const reference of newlyBlocking(request)) {
      const refusal = await checkHold(request, reference);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };

  return {
    name: 'OwnerReferencesPermissionEnforcement',
    supportsOperation: isWrite,
    validate: (request) => (isPod(request, 'status') || !isChanged(request) ? undefined : check(request)),
  };
}
