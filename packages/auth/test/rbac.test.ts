import { describe, expect, it } from 'vitest';
import {
  type AuthorizationAttributes,
  createRbacAuthorizer,
  type PolicyRule,
  type RbacBinding,
  type RbacRole,
  type RbacSource,
  ruleAllows,
  type UserInfo,
} from '../src/index.js';

const alice: UserInfo = { username: 'alice', groups: ['dev', 'system:authenticated'] };

/** What `verb resource.group/subresource namespace/name` or `verb /path` asks for. */
function asks(text: string, user: UserInfo = alice): AuthorizationAttributes {
  const [verb = '', target = '', place = ''] = text.split(' ');
  const isResourceRequest = !target.startsWith('/');
  const [kind = '', subresource = ''] = isResourceRequest ? target.split('/') : [];
  const [resource = '', ...group] = kind.split('.');
  const [namespace = '', name = ''] = place.split('/');
  return {
    user,
    verb,
    isResourceRequest,
    apiGroup: group.join('.'),
    apiVersion: 'v1',
    resource,
    subresource,
    namespace,
    name,
    path: isResourceRequest ? '' : target,
  };
}

const rule = (verbs: string, apiGroups: string, resources: string, names = ''): PolicyRule => ({
  verbs: verbs.split(','),
  apiGroups: apiGroups.split(','),
  resources: resources.split(','),
  ...(names === '' ? {} : { resourceNames: names.split(',') }),
});
const urls = (verbs: string, ...nonResourceURLs: string[]): PolicyRule => ({ verbs: verbs.split(','), nonResourceURLs });

describe('a rule', () => {
  it.each<[PolicyRule, string[], string[]]>([
    [
      rule('get,list', '', 'pods'),
      ['get pods n/p', 'list pods n'],
      ['watch pods n', 'get secrets n', 'get pods.apps n/p', 'get pods/log n/p'],
    ],
    [rule('*', '', 'pods'), ['get pods n/p', 'delete pods n/p', 'escalate pods'], ['get pods/log n/p']],
    [rule('get', '*', 'pods'), ['get pods n/p', 'get pods.metrics.k8s.io n/p'], ['get nodes']],
    [
      rule('get', 'apps,batch', 'deployments,jobs'),
      ['get deployments.apps n/d', 'get jobs.batch n/j', 'get jobs.apps n/j'],
      ['get jobs n/j'],
    ],
    [rule('get', '', '*'), ['get pods n/p', 'get pods/log n/p', 'get pods/exec n/p'], ['get jobs.batch n/j', 'get /metrics']],
    [rule('get', '', 'pods/log'), ['get pods/log n/p'], ['get pods n/p', 'get pods/status n/p']],
    [
      rule('update', '*', '*/scale'),
      ['update deployments.apps/scale n/d', 'update x.y/scale n/x'],
      ['update deployments.apps n/d', 'update scale n/d'],
    ],
    [rule('get', '', 'pods/*'), [], ['get pods n/p', 'get pods/log n/p']],
    [
      rule('get,list,create', '', 'pods', 'a,b'),
      ['get pods n/a', 'get pods n/b', 'list pods n/a'],
      ['get pods n/c', 'list pods n', 'create pods n'],
    ],
    [rule('get', '', 'pods', '*'), [], ['get pods n/a']],
    [
      urls('get', '/metrics', '/logs/*'),
      ['get /metrics', 'get /logs/', 'get /logs/a/b'],
      ['post /metrics', 'get /metrics/x', 'get /logs', 'get pods n/p'],
    ],
    [urls('get', '*'), ['get /', 'get /anything'], ['get pods']],
    [urls('*', '/healthz'), ['get /healthz', 'head /healthz'], ['get /healthz/etcd']],
    [{ verbs: ['*'] }, [], ['get pods n/p', 'get /healthz']],
    [{ verbs: [], apiGroups: ['*'], resources: ['*'] }, [], ['get pods n/p']],
  ])('%j', (policy, allowed, others) => {
    const outcome = [...allowed, ...others].filter((text) => ruleAllows(policy, asks(text)));
    expect(outcome).toEqual(allowed);
  });
});

interface Objects {
  roles?: RbacRole[];
  bindings?: RbacBinding[];
}

/** Roles and bindings without a namespace are cluster-wide. */
function sourceOf({ roles = [], bindings = [] }: Objects): RbacSource {
  const role = (namespace: string, name: string) => roles.find((item) => item.namespace === namespace && item.name === name);
  return {
    role,
    clusterRole: (name) => role('', name),
    roleBindings: (namespace) => bindings.filter((binding) => binding.namespace === namespace),
    clusterRoleBindings: () => bindings.filter((binding) => binding.namespace === ''),
  };
}
const binding = (namespace: string, name: string, role: string, ...subjects: string[]): RbacBinding => {
  const [kind = '', roleName = ''] = role.split(' ');
  return {
    name,
    namespace,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: roleName },
    subjects: subjects.map((text) => {
      const [subject = '', who = ''] = text.split(' ');
      const [inNamespace, account] = who.split('/');
      return subject === 'ServiceAccount' && account !== undefined
        ? { kind: subject, name: account, ...(inNamespace === '' ? {} : { namespace: inNamespace as string }) }
        : { kind: subject, name: who };
    }),
  };
};
const reader: RbacRole = { name: 'reader', namespace: '', rules: [rule('get', '', 'pods'), urls('get', '/metrics')] };
const local: RbacRole = { name: 'reader', namespace: 'team', rules: [rule('list', '', 'pods')] };

describe('bindings', () => {
  const robot: UserInfo = { username: 'system:serviceaccount:team:robot', groups: ['system:serviceaccounts:team'] };
  const allow = (reason: string) => ({ decision: 'allow', reason });
  const none = { decision: 'noOpinion', reason: '' };
  const through = (binding: string, role: string, subject: string) => allow(`RBAC: allowed by ${binding} of ${role} to ${subject}`);

  it.each<[string, RbacBinding, AuthorizationAttributes, object]>([
    [
      'a user',
      binding('', 'b', 'ClusterRole reader', 'User alice'),
      asks('get pods team/p'),
      through('ClusterRoleBinding "b"', 'ClusterRole "reader"', 'User "alice"'),
    ],
    ['another user', binding('', 'b', 'ClusterRole reader', 'User bob'), asks('get pods team/p'), none],
    ['names are compared exactly', binding('', 'b', 'ClusterRole reader', 'User Alice'), asks('get pods team/p'), none],
    [
      'the second subject',
      binding('', 'b', 'ClusterRole reader', 'User bob', 'Group dev'),
      asks('get /metrics'),
      through('ClusterRoleBinding "b"', 'ClusterRole "reader"', 'Group "dev"'),
    ],
    ['a user is no group', binding('', 'b', 'ClusterRole reader', 'Group alice', 'User dev'), asks('get pods team/p'), none],
    [
      'in its namespace',
      binding('team', 'b', 'ClusterRole reader', 'User alice'),
      asks('get pods team/p'),
      through('RoleBinding "b/team"', 'ClusterRole "reader"', 'User "alice"'),
    ],
    ['in another namespace', binding('team', 'b', 'ClusterRole reader', 'User alice'), asks('get pods other/p'), none],
    ['not in all namespaces', binding('team', 'b', 'ClusterRole reader', 'User alice'), asks('get pods'), none],
    ['no paths in a namespace', binding('team', 'b', 'ClusterRole reader', 'User alice'), asks('get /metrics'), none],
    [
      'the role of the namespace',
      binding('team', 'b', 'Role reader', 'User alice'),
      asks('list pods team'),
      through('RoleBinding "b/team"', 'Role "reader"', 'User "alice"'),
    ],
    ['not what the ClusterRole of the name holds', binding('team', 'b', 'Role reader', 'User alice'), asks('get pods team/p'), none],
    [
      'a service account',
      binding('', 'b', 'ClusterRole reader', 'ServiceAccount team/robot'),
      asks('get pods x/p', robot),
      through('ClusterRoleBinding "b"', 'ClusterRole "reader"', 'ServiceAccount "robot/team"'),
    ],
    [
      'a service account of elsewhere',
      binding('', 'b', 'ClusterRole reader', 'ServiceAccount other/robot'),
      asks('get pods x/p', robot),
      none,
    ],
    [
      'of the namespace of the binding',
      binding('team', 'b', 'ClusterRole reader', 'ServiceAccount /robot'),
      asks('get pods team/p', robot),
      through('RoleBinding "b/team"', 'ClusterRole "reader"', 'ServiceAccount "robot/team"'),
    ],
    [
      'a cluster binding has no namespace to take',
      binding('', 'b', 'ClusterRole reader', 'ServiceAccount /robot'),
      asks('get pods team/p', robot),
      none,
    ],
    [
      'nor stands for a user with a name like that',
      binding('', 'b', 'ClusterRole reader', 'ServiceAccount /robot'),
      asks('get pods team/p', { username: 'system:serviceaccount::robot', groups: [] }),
      none,
    ],
    [
      'its user name',
      binding('', 'b', 'ClusterRole reader', 'User system:serviceaccount:team:robot'),
      asks('get pods x/p', robot),
      through('ClusterRoleBinding "b"', 'ClusterRole "reader"', 'User "system:serviceaccount:team:robot"'),
    ],
  ])('%s', (_, item, attributes, wanted) => {
    const authorizer = createRbacAuthorizer(sourceOf({ roles: [reader, local], bindings: [item] }));
    expect(authorizer.authorize(attributes)).toEqual(wanted);
  });

  it('name the roles that are gone, unless another binding allows', () => {
    const gone = [
      binding('', 'a', 'ClusterRole gone', 'User alice'),
      binding('team', 'b', 'Role gone', 'User alice'),
      binding('team', 'c', 'Role gone', 'Group dev'),
      binding('team', 'd', 'Role not-hers', 'User bob'),
    ];
    const decide = (bindings: RbacBinding[]) =>
      createRbacAuthorizer(sourceOf({ roles: [reader], bindings })).authorize(asks('get pods team/p'));
    expect(decide(gone.slice(1))).toEqual({ decision: 'noOpinion', reason: 'RBAC: role.rbac.authorization.k8s.io "gone" not found' });
    expect(decide(gone)).toEqual({
      decision: 'noOpinion',
      reason: 'RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "gone" not found]',
    });
    expect(decide([...gone, binding('team', 'e', 'ClusterRole reader', 'User alice')])).toMatchObject({ decision: 'allow' });
  });
});

describe('the rules of a user', () => {
  const bindings = [
    binding('', 'a', 'ClusterRole reader', 'Group dev'),
    binding('team', 'b', 'Role reader', 'User alice'),
    binding('other', 'c', 'Role reader', 'User alice'),
    binding('team', 'd', 'Role gone', 'User alice'),
    binding('team', 'e', 'ClusterRole reader', 'User bob'),
  ];
  const authorizer = createRbacAuthorizer(sourceOf({ roles: [reader, local], bindings }));
  const everywhere = {
    resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
    incomplete: false,
  };

  it('are those of the cluster and of the namespace, with what could not be found', () => {
    expect(authorizer.rulesFor?.(alice, 'team')).toEqual({
      ...everywhere,
      resourceRules: [...everywhere.resourceRules, { verbs: ['list'], apiGroups: [''], resources: ['pods'] }],
      evaluationError: 'role.rbac.authorization.k8s.io "gone" not found',
    });
    expect(authorizer.rulesFor?.(alice, 'empty')).toEqual(everywhere);
    expect(authorizer.rulesFor?.(alice, '')).toEqual(everywhere);
  });
});
