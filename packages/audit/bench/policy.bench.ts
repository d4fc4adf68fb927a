/**
 * Decisions per second under a policy of thirty rules, beside a plain walk over the rules, in one run.
 *
 *     npx tsx --conditions=@k/source bench/policy.bench.ts
 *
 * Checks first that both decide alike; ends with 1 below 1,000,000 decisions/s.
 */
import type { AuditAttributes, AuditPolicy, PolicyRule } from '../src/index.js';
import { createPolicyEvaluator } from '../src/index.js';
import { CLUSTER_POLICY } from './cluster-policy.js';

const DECISIONS_PER_SECOND_MIN = 1_000_000;
const CALLS = 200_000;
const ROUNDS = 15;

/** The rules as they are written, one after another. */
function walk(policy: AuditPolicy, attributes: AuditAttributes): number {
  const { user, verb, isResourceRequest, apiGroup, resource, subresource, namespace, name, path } = attributes;
  const some = (list: readonly string[] | undefined, test: (item: string) => boolean): boolean => !list?.length || list.some(test);
  const type = subresource === '' ? resource : `${resource}/${subresource}`;
  return policy.rules.findIndex((rule: PolicyRule) => {
    if (!some(rule.users, (item) => item === user?.username)) return false;
    if (!some(rule.userGroups, (item) => user?.groups.includes(item) === true)) return false;
    if (!some(rule.verbs, (item) => item === verb)) return false;
    if (rule.namespaces?.length || rule.resources?.length) {
      if (!isResourceRequest || !some(rule.namespaces, (item) => item === namespace)) return false;
      return (
        !rule.resources?.length ||
        rule.resources.some(({ group, resources, resourceNames }) => {
          if (group !== '*' && group !== apiGroup) return false;
          if (!resources?.length) return true;
          if (!some(resourceNames, (item) => item === name)) return false;
          return resources.some(
            (pattern) => pattern === '*' || pattern === type || pattern === `*/${subresource}` || pattern === `${resource}/*`,
          );
        })
      );
    }
    if (!rule.nonResourceURLs?.length) return true;
    if (isResourceRequest) return false;
    return rule.nonResourceURLs.some((url) => url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))));
  });
}

const users = [
  { username: 'alice', groups: ['dev', 'system:authenticated'] },
  { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
  { username: 'system:kube-proxy', groups: ['system:authenticated'] },
  { username: 'system:serviceaccount:kube-system:node-controller', groups: ['system:serviceaccounts', 'system:authenticated'] },
];
const types: [string, string, string][] = [
  ['', 'pods', ''],
  ['', 'pods', 'log'],
  ['', 'secrets', ''],
  ['', 'nodes', 'status'],
  ['', 'endpoints', ''],
  ['apps', 'deployments', ''],
  ['apps', 'deployments', 'scale'],
  ['coordination.k8s.io', 'leases', ''],
  ['example.com', 'widgets', ''],
];
const requests: AuditAttributes[] = [];
for (const user of users) {
  for (const verb of ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']) {
    for (const [apiGroup, resource, subresource] of types) {
      requests.push({
        user,
        verb,
        isResourceRequest: true,
        apiGroup,
        resource,
        subresource,
        namespace: 'kube-system',
        name: 'x',
        path: '',
      });
    }
  }
  for (const path of ['/healthz', '/metrics', '/apis']) {
    requests.push({
      user,
      verb: 'get',
      isResourceRequest: false,
      apiGroup: '',
      resource: '',
      subresource: '',
      namespace: '',
      name: '',
      path,
    });
  }
}
const evaluator = createPolicyEvaluator(CLUSTER_POLICY);
for (const request of requests) {
  const [ours, theirs] = [evaluator.evaluate(request).rule, walk(CLUSTER_POLICY, request)];
  if (ours !== theirs) throw new Error(`rule ${ours} and rule ${theirs} for ${JSON.stringify(request)}`);
}

let sink = 0;
function perSecond(decide: (attributes: AuditAttributes) => number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < CALLS; i++) sink += decide(requests[i % requests.length] as AuditAttributes);
  const { user, system } = process.cpuUsage(before);
  return (CALLS / (user + system)) * 1e6;
}
const contenders = [(a: AuditAttributes) => evaluator.evaluate(a).rule, (a: AuditAttributes) => walk(CLUSTER_POLICY, a)];
const best = contenders.map(() => 0);
for (let round = 0; round < ROUNDS; round++)
  for (const [i, decide] of contenders.entries()) best[i] = Math.max(best[i] as number, perSecond(decide));
const [compiled = 0, plain = 0] = best;
console.log(`${CLUSTER_POLICY.rules.length} rules, ${requests.length} kinds of requests, decisions per second of CPU (checksum ${sink})`);
console.log(`  compiled    ${Math.round(compiled).toLocaleString('en')}`);
console.log(`  plain walk  ${Math.round(plain).toLocaleString('en')}`);
if (compiled < DECISIONS_PER_SECOND_MIN) process.exitCode = 1;
