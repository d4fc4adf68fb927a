import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { aggregateRules, bootstrapPolicy } from '../src/bootstrap.js';
import { type PolicyRule, ruleAllows } from '../src/index.js';

const policy = bootstrapPolicy();
const names = (list: readonly { metadata: { name: string; namespace?: string } }[]): string[] =>
  list.map(({ metadata }) => (metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`)).sort();
const roleNamed = (name: string) => policy.clusterRoles.find(({ metadata }) => metadata.name === name);

describe('the default policy', () => {
  it('has every object once, marked to be kept up to date', () => {
    const { clusterRoles, clusterRoleBindings, roles, roleBindings } = policy;
    expect([clusterRoles, clusterRoleBindings, roles, roleBindings].map((list) => new Set(names(list)).size)).toEqual([69, 50, 7, 7]);
    expect([clusterRoles, clusterRoleBindings, roles, roleBindings].map((list) => list.length)).toEqual([69, 50, 7, 7]);
    for (const { metadata } of [...clusterRoles, ...clusterRoleBindings, ...roles, ...roleBindings]) {
      expect(metadata.annotations, metadata.name).toEqual({ 'rbac.authorization.kubernetes.io/autoupdate': 'true' });
      expect(metadata.labels['kubernetes.io/bootstrapping'], metadata.name).toBe('rbac-defaults');
    }
  });

  it('names', () => {
    expect(names(policy.roles)).toEqual(ROLES);
    expect(names(policy.roleBindings)).toEqual(ROLE_BINDINGS);
    expect(names(policy.clusterRoles).filter((name) => !name.startsWith('system:controller:'))).toEqual(CLUSTER_ROLES);
    expect(names(policy.clusterRoleBindings).filter((name) => !name.startsWith('system:controller:'))).toEqual(CLUSTER_ROLE_BINDINGS);
  });

  it('gives every controller a role and binds it to its account', () => {
    const controllers = policy.clusterRoles.filter(({ metadata }) => metadata.name.startsWith('system:controller:'));
    expect(controllers).toHaveLength(CONTROLLERS);
    for (const { metadata } of controllers) {
      const [binding, ...more] = policy.clusterRoleBindings.filter(({ roleRef }) => roleRef.name === metadata.name);
      expect(more).toEqual([]);
      expect(binding?.subjects).toEqual([{ kind: 'ServiceAccount', name: metadata.name.slice(18), namespace: 'kube-system' }]);
    }
  });

  it('refers only to roles that are there', () => {
    for (const { roleRef } of policy.clusterRoleBindings) expect(roleNamed(roleRef.name), roleRef.name).toBeDefined();
    for (const { roleRef, metadata } of policy.roleBindings) {
      expect(names(policy.roles), metadata.name).toContain(`${metadata.namespace}/${roleRef.name}`);
    }
  });

  it('is rule for rule what it was when it was compared with a cluster', () => {
    const digest = createHash('sha256').update(JSON.stringify(policy)).digest('hex');
    expect(digest).toBe(DIGEST);
  });

  it('hands out fresh objects', () => {
    expect(bootstrapPolicy()).toEqual(policy);
    expect(bootstrapPolicy().clusterRoles[0]).not.toBe(policy.clusterRoles[0]);
  });
});

describe('view, edit and admin', () => {
  const request = (verb: string, resource: string, apiGroup = '', subresource = '') => ({
    user: { username: '', groups: [] },
    verb,
    isResourceRequest: true,
    apiGroup,
    apiVersion: 'v1',
    resource,
    subresource,
    namespace: 'n',
    name: 'x',
    path: '',
  });
  it.each<[Parameters<typeof request>, string[]]>([
    [
      ['get', 'pods'],
      ['view', 'edit', 'admin'],
    ],
    [
      ['get', 'pods', '', 'log'],
      ['view', 'edit', 'admin'],
    ],
    [
      ['create', 'pods'],
      ['edit', 'admin'],
    ],
    [
      ['get', 'secrets'],
      ['edit', 'admin'],
    ],
    [
      ['create', 'pods', '', 'exec'],
      ['edit', 'admin'],
    ],
    [
      ['delete', 'deployments', 'apps'],
      ['edit', 'admin'],
    ],
    [['get', 'roles', 'rbac.authorization.k8s.io'], ['admin']],
    [['create', 'rolebindings', 'rbac.authorization.k8s.io'], ['admin']],
    [['create', 'localsubjectaccessreviews', 'authorization.k8s.io'], ['admin']],
    [['get', 'nodes'], []],
    [['update', 'resourcequotas'], []],
  ])('%j is for %j', (what, allowed) => {
    const attributes = request(...what);
    expect(['view', 'edit', 'admin'].filter((name) => roleNamed(name)?.rules.some((rule) => ruleAllows(rule, attributes)))).toEqual(
      allowed,
    );
  });
});

describe('aggregation', () => {
  const role = (name: string, labels: Record<string, string>, ...rules: PolicyRule[]) => ({ metadata: { name, labels }, rules });
  const get: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const list: PolicyRule = { ...get, verbs: ['list'] };
  const watch: PolicyRule = { ...get, verbs: ['watch'] };
  const sum = (...matchLabels: Record<string, string>[]) => ({
    metadata: { name: 'sum', labels: { a: 'yes' } },
    aggregationRule: { clusterRoleSelectors: matchLabels.map((labels) => ({ matchLabels: labels })) },
    rules: [watch],
  });
  const all = [role('b', { a: 'yes' }, list, get), role('a', { a: 'yes' }, get), role('c', { a: 'no', c: 'yes' }, watch)];

  it('takes members by name, no rule twice, and never itself', () => {
    const target = sum({ a: 'yes' });
    expect(aggregateRules(target, [...all, target])).toEqual([get, list]);
  });

  it('takes one selector after the other, all labels of each', () => {
    expect(aggregateRules(sum({ c: 'yes' }, { a: 'yes' }), all)).toEqual([watch, get, list]);
    expect(aggregateRules(sum({ a: 'yes', c: 'yes' }), all)).toEqual([]);
    expect(aggregateRules(sum(), all)).toEqual([]);
    expect(aggregateRules({ metadata: { name: 'plain' }, rules: [get] }, all)).toEqual([]);
  });
});

const ROLES = [
  'kube-public/system:controller:bootstrap-signer',
  'kube-system/extension-apiserver-authentication-reader',
  'kube-system/system::leader-locking-kube-controller-manager',
  'kube-system/system::leader-locking-kube-scheduler',
  'kube-system/system:controller:bootstrap-signer',
  'kube-system/system:controller:cloud-provider',
  'kube-system/system:controller:token-cleaner',
];

const ROLE_BINDINGS = [
  'kube-public/system:controller:bootstrap-signer',
  'kube-system/system::extension-apiserver-authentication-reader',
  'kube-system/system::leader-locking-kube-controller-manager',
  'kube-system/system::leader-locking-kube-scheduler',
  'kube-system/system:controller:bootstrap-signer',
  'kube-system/system:controller:cloud-provider',
  'kube-system/system:controller:token-cleaner',
];

const CLUSTER_ROLES = [
  'admin',
  'cluster-admin',
  'edit',
  'system:aggregate-to-admin',
  'system:aggregate-to-edit',
  'system:aggregate-to-view',
  'system:auth-delegator',
  'system:basic-user',
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
  'system:certificates.k8s.io:kube-apiserver-client-approver',
  'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver',
  'system:certificates.k8s.io:kubelet-serving-approver',
  'system:certificates.k8s.io:legacy-unknown-approver',
  'system:discovery',
  'system:heapster',
  'system:kube-aggregator',
  'system:kube-controller-manager',
  'system:kube-dns',
  'system:kube-scheduler',
  'system:kubelet-api-admin',
  'system:monitoring',
  'system:node',
  'system:node-bootstrapper',
  'system:node-problem-detector',
  'system:node-proxier',
  'system:persistent-volume-provisioner',
  'system:public-info-viewer',
  'system:service-account-issuer-discovery',
  'system:volume-scheduler',
  'view',
];

const CLUSTER_ROLE_BINDINGS = [
  'cluster-admin',
  'system:basic-user',
  'system:discovery',
  'system:kube-controller-manager',
  'system:kube-dns',
  'system:kube-scheduler',
  'system:monitoring',
  'system:node',
  'system:node-proxier',
  'system:public-info-viewer',
  'system:service-account-issuer-discovery',
  'system:volume-scheduler',
];

const CONTROLLERS = 38;

const DIGEST = 'ae0a186e3d918ec0bdd3f3f43eae02cbea2c03cf8c8bcc4a126443fcbd8ffc39';
