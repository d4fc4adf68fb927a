import { authenticateWith, createRbacAuthorizer, createTokenFileAuthenticator, forbiddenMessage, type RbacSource } from '@k/auth';

const tokens = createTokenFileAuthenticator('s3cret,alice,uid-1,"dev,qa"');
const { result } = await authenticateWith([tokens], true, { headers: { authorization: 'Bearer s3cret' }, path: '/' });
const user = result?.user ?? { username: 'system:anonymous', groups: [] };

const reader = { name: 'reader', namespace: '', rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] };
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' };
const source: RbacSource = {
  role: () => undefined,
  clusterRole: (name) => (name === 'reader' ? reader : undefined),
  roleBindings: (namespace) =>
    namespace === 'web' ? [{ name: 'dev', namespace, roleRef, subjects: [{ kind: 'Group', name: 'dev' }] }] : [],
  clusterRoleBindings: () => [],
};
const rbac = createRbacAuthorizer(source);
const resource = { apiGroup: '', apiVersion: 'v1', resource: 'pods', subresource: '', name: 'p' };
const read = { ...resource, user, verb: 'get', isResourceRequest: true, namespace: 'web', path: '' };
const remove = { ...read, verb: 'delete' };

console.log(user.groups); // ['dev', 'qa', 'system:authenticated']
console.log((await rbac.authorize(read)).reason); // RBAC: allowed by RoleBinding "dev/web" of ClusterRole "reader" to Group "dev"
console.log((await rbac.authorize(remove)).decision); // noOpinion
console.log(forbiddenMessage(remove, '')); // User "alice" cannot delete resource "pods" in API group "" in the namespace "web"
