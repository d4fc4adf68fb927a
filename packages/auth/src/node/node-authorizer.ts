/**
 * Mode `Node`: kubelets (`system:node:NAME` in the group `system:nodes`) see and change what belongs to their node.
 * What a node may write into its objects is NodeRestriction's part, in admission.
 */
import { goQuote, parseFieldSelector } from '@k/apimachinery';
import { ruleAllows } from '../authorizers/rbac.js';
import { CLUSTER_ROLES } from '../bootstrap/cluster-roles.js';
import { ruleOf } from '../bootstrap/notation.js';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, PolicyRule, UserInfo } from '../interface.js';
import type { BoundResource, NodeGraph } from './node-graph.js';
import type { ReferencedResource } from './pod-references.js';

const USER_PREFIX = 'system:node:';
const LEASE_NAMESPACE = 'kube-node-lease';

const ALLOW: AuthorizationDecision = { decision: 'allow', reason: '' };
const noOpinion = (reason: string): AuthorizationDecision => ({ decision: 'noOpinion', reason });
const NONE = noOpinion('');

/** How one resource is decided for a node. */
type Rule = (attributes: AuthorizationAttributes, nodeName: string, graph: NodeGraph) => AuthorizationDecision;

function nodeOf(user: UserInfo): string | null {
  return user.username.startsWith(USER_PREFIX) && user.groups.includes('system:nodes') ? user.username.slice(USER_PREFIX.length) : null;
}

function related(resource: ReferencedResource | BoundResource): Rule {
  return ({ namespace, name }, nodeName, graph) => {
    if (name === '') return noOpinion('No Object name found');
    return graph.belongs(nodeName, resource, namespace, name)
      ? ALLOW
      : noOpinion(`no relationship found between node '${nodeName}' and this object`);
  };
}

const isOne = (verb: string, ...verbs: string[]): boolean => verbs.includes(verb);

function getOnly(resource: ReferencedResource | BoundResource): Rule {
  return (attributes, ...rest) => {
    if (attributes.verb !== 'get') return noOpinion('can only get individual resources of this type');
    if (attributes.subresource !== '') return noOpinion('cannot get subresource');
    return related(resource)(attributes, ...rest);
  };
}

function readOnly(resource: ReferencedResource): Rule {
  return (attributes, ...rest) => {
    if (!isOne(attributes.verb, 'get', 'list', 'watch')) return noOpinion('can only read resources of this type');
    if (attributes.subresource !== '') return noOpinion('cannot read subresource');
    if (attributes.namespace === '') return noOpinion('can only read namespaced object of this type');
    return related(resource)(attributes, ...rest);
  };
}

/** True when the request selects objects of one node alone. */
function selectsNode({ fieldSelector = '' }: AuthorizationAttributes, nodeName: string): boolean {
  try {
    return parseFieldSelector(fieldSelector).some(
      ({ field, operator, value }) => field === 'spec.nodeName' && operator === '=' && value === nodeName,
    );
  } catch {
    return false;
  }
}

const claims: Rule = (attributes, ...rest) => {
  if (attributes.subresource !== 'status') return getOnly('persistentvolumeclaims')(attributes, ...rest);
  if (!isOne(attributes.verb, 'get', 'update', 'patch')) return noOpinion('can only get/update/patch this type');
  return related('persistentvolumeclaims')(attributes, ...rest);
};

const serviceAccounts: Rule = (attributes, ...rest) => {
  const { verb, subresource, name } = attributes;
  if (verb === 'get' && subresource === '') return related('serviceaccounts')(attributes, ...rest);
  if (verb !== 'create' || name === '') return noOpinion('can only create tokens for individual service accounts');
  if (subresource !== 'token') return noOpinion('can only create token subresource of serviceaccount');
  return related('serviceaccounts')(attributes, ...rest);
};

const OWN_OBJECT_VERBS = ['get', 'create', 'update', 'patch', 'delete'];

const leases: Rule = ({ verb, namespace, name }, nodeName) => {
  if (!OWN_OBJECT_VERBS.includes(verb)) return noOpinion('can only get, create, update, patch, or delete a node lease');
  if (namespace !== LEASE_NAMESPACE) return noOpinion(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  if (verb !== 'create' && name !== nodeName) {
    return noOpinion('can only access node lease with the same name as the requesting node');
  }
  return ALLOW;
};

const csiNodes: Rule = ({ verb, subresource, name }, nodeName) => {
  if (!OWN_OBJECT_VERBS.includes(verb)) return noOpinion('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return noOpinion('cannot authorize CSINode subresources');
  if (verb !== 'create' && name !== nodeName) return noOpinion('can only access CSINode with the same name as the requesting node');
  return ALLOW;
};

const resourceSlices: Rule = (attributes, nodeName, graph) => {
  const { verb, subresource } = attributes;
  if (subresource !== '') return noOpinion('cannot authorize ResourceSlice subresources');
  if (verb === 'create') return ALLOW;
  if (isOne(verb, 'get', 'update', 'patch', 'delete')) return related('resourceslices')(attributes, nodeName, graph);
  if (!isOne(verb, 'watch', 'list', 'deletecollection')) {
    return noOpinion(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    );
  }
  if (selectsNode(attributes, nodeName)) return ALLOW;
  return noOpinion('can only list/watch/deletecollection resourceslices with nodeName field selector');
};

const nodes: Rule = ({ verb, subresource, name }, nodeName) => {
  if (subresource === 'status') return isOne(verb, 'update', 'patch') ? ALLOW : NONE;
  if (subresource !== '') return NONE;
  if (isOne(verb, 'create', 'update', 'patch')) return ALLOW;
  if (!isOne(verb, 'get', 'list', 'watch')) return NONE;
  if (name === nodeName) return ALLOW;
  return noOpinion(`node '${nodeName}' cannot read ${name === '' ? 'all nodes' : `'${name}'`}, only its own Node object`);
};

const pods: Rule = (attributes, nodeName, graph) => {
  const { verb, subresource, name } = attributes;
  if (subresource === 'status') return isOne(verb, 'update', 'patch') ? ALLOW : NONE;
  if (subresource === 'eviction') return verb === 'create' ? ALLOW : NONE;
  if (subresource !== '') return NONE;
  if (verb === 'get') return related('pods')(attributes, nodeName, graph);
  if (isOne(verb, 'create', 'delete')) return ALLOW;
  if (!isOne(verb, 'list', 'watch')) return NONE;
  if (selectsNode(attributes, nodeName)) return ALLOW;
  if (name !== '') return related('pods')(attributes, nodeName, graph);
  return noOpinion('can only list/watch pods with spec.nodeName field selector');
};

/** By `RESOURCE.GROUP`. */
const RULES: Readonly<Record<string, Rule>> = {
  'secrets.': readOnly('secrets'),
  'configmaps.': readOnly('configmaps'),
  'persistentvolumeclaims.': claims,
  'persistentvolumes.': getOnly('persistentvolumes'),
  'resourceclaims.resource.k8s.io': getOnly('resourceclaims'),
  'volumeattachments.storage.k8s.io': getOnly('volumeattachments'),
  'serviceaccounts.': serviceAccounts,
  'leases.coordination.k8s.io': leases,
  'csinodes.storage.k8s.io': csiNodes,
  'resourceslices.resource.k8s.io': resourceSlices,
  'nodes.': nodes,
  'pods.': pods,
};

/**
 * Makes the authorizer. It has no opinion about anybody but nodes.
 *
 * @param graph - Kept current by the caller; what is not in it yet is refused.
 */
export function createNodeAuthorizer(graph: NodeGraph): Authorizer {
  const nodeRules: readonly PolicyRule[] = (CLUSTER_ROLES.find(({ name }) => name === 'system:node')?.rules ?? []).map(ruleOf);
  return {
    name: 'Node',
    authorize(attributes) {
      const nodeName = nodeOf(attributes.user);
      if (nodeName === null) return NONE;
      if (nodeName === '') return noOpinion(`unknown node for user ${goQuote(attributes.user.username)}`);
      const rule = attributes.isResourceRequest ? RULES[`${attributes.resource}.${attributes.apiGroup}`] : undefined;
      if (rule !== undefined) return rule(attributes, nodeName, graph);
      return nodeRules.some((each) => ruleAllows(each, attributes)) ? ALLOW : NONE;
    },
    rulesFor(user) {
      if (nodeOf(user) === null) return { resourceRules: [], nonResourceRules: [], incomplete: false };
      return {
        resourceRules: [],
        nonResourceRules: [],
        incomplete: true,
        evaluationError: 'node authorizer does not support user rule resolution',
      };
    },
  };
}
