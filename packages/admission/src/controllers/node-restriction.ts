/** NodeRestriction: a kubelet changes only what belongs to its own node, so that a stolen one harms nobody else. */
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { judgeNode } from '../node-restriction/nodes.js';
import { judgeCertificateRequest, judgeClaim, judgeCsiNode, judgeLease, judgeResourceSlice } from '../node-restriction/other-objects.js';
import { judgePod } from '../node-restriction/pods.js';
import { judgeToken } from '../node-restriction/tokens.js';
import { ObjectCaches } from '../object-caches.js';
import { deny } from '../response.js';

type Answer = AdmissionResponse | undefined | Promise<AdmissionResponse | undefined>;

const PREFIX = 'system:node:';
const GROUP = 'system:nodes';

/** The NodeRestriction controller. */
export function nodeRestriction(dependencies: AdmissionDependencies): AdmissionController {
  const { objects } = dependencies;
  const caches = new ObjectCaches(objects, ['', 'nodes'], ['', 'pods'], ['storage.k8s.io', 'csidrivers']);
  const judge: Readonly<Record<string, (request: AdmissionRequest, name: string) => Answer>> = {
    'pods.': (request, name) => caches.whenFilled(request, () => judgePod(objects, request, name)),
    'nodes.': judgeNode,
    'persistentvolumeclaims.': judgeClaim,
    'serviceaccounts.': (request, name) =>
      request.subresource === 'token' && request.operation === 'CREATE'
        ? caches.whenFilled(request, () => judgeToken(dependencies, request, name))
        : undefined,
    'leases.coordination.k8s.io': judgeLease,
    'csinodes.storage.k8s.io': judgeCsiNode,
    'resourceslices.resource.k8s.io': judgeResourceSlice,
    'certificatesigningrequests.certificates.k8s.io': judgeCertificateRequest,
  };
  return {
    name: 'NodeRestriction',
    supportsOperation: (operation) => operation !== 'CONNECT',
    admit(request) {
      const { username, groups } = request.user;
      if (!username.startsWith(PREFIX) || !groups.includes(GROUP)) return undefined;
      const name = username.slice(PREFIX.length);
      if (name === '') return deny(`could not determine node from user ${JSON.stringify(username)}`);
      return judge[`${request.resource.resource}.${request.resource.group}`]?.(request, name);
    },
  };
}
