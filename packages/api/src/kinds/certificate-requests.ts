import type { KubeObject } from '@k/apimachinery';
import type { Requester } from '../definition.js';
import type { KindRules } from './index.js';
import { now } from './now.js';

interface RequestStatus {
  conditions?: RequestCondition[];
  certificate?: string;
}

interface RequestCondition {
  type?: string;
  status?: string;
  lastUpdateTime?: string | null;
  lastTransitionTime?: string | null;
}

const statusOf = (object: KubeObject): RequestStatus => (object['status'] ?? {}) as RequestStatus;

/** Who asks is what the server knows, not what the client says. */
function noteRequester(object: KubeObject, requester: Requester | undefined): void {
  const spec = { ...((object['spec'] ?? {}) as Record<string, unknown>) };
  for (const field of ['username', 'uid', 'groups', 'extra']) delete spec[field];
  if (requester !== undefined) {
    const { username, uid, groups, extra } = requester;
    spec['username'] = username;
    if (uid !== undefined && uid !== '') spec['uid'] = uid;
    if (groups.length > 0) spec['groups'] = [...groups];
    if (extra !== undefined && Object.keys(extra).length > 0) spec['extra'] = structuredClone(extra);
  }
  object['spec'] = spec;
}

/** New conditions happened now; a status that stays keeps its time. */
function stampConditions(object: KubeObject, old: KubeObject): void {
  const present = now();
  const before = statusOf(old).conditions ?? [];
  for (const condition of statusOf(object).conditions ?? []) {
    condition.lastUpdateTime ??= present;
    if ((condition.lastTransitionTime ?? null) !== null) continue;
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    condition.lastTransitionTime = same?.lastTransitionTime ?? present;
  }
}

/** Requests for certificates: approved through one endpoint, answered through another. */
export const certificateRequestStrategy: KindRules = {
  prepareForCreate: (object, requester) => {
    noteRequester(object, requester);
    object['status'] = {};
  },
  prepareForUpdate: (object, old, subresource) => {
    object['spec'] = old['spec'];
    if (subresource === '') object['status'] = old['status'];
    else {
      if (subresource === 'approval') {
        const { conditions } = statusOf(object);
        object['status'] = { ...statusOf(old), ...(conditions === undefined ? {} : { conditions }) };
        if (conditions === undefined) delete statusOf(object).conditions;
      }
      stampConditions(object, old);
    }
  },
  selectFields: (object) => ({ 'spec.signerName': String((object['spec'] as { signerName?: string } | undefined)?.signerName ?? '') }),
};
