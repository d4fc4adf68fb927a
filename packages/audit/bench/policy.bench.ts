/**
 * Decisions per second under a policy of thirty rules, beside a plain walk over the rules, in one run.
 *
 *     npx tsx --conditions=@k/source bench/policy.bench.ts
 *
 * Checks first that both decide alike; ends with 1 below 1,000,000 decisions/s.
 */
import type { AuditAttributes } from '../src/index.js';
import { createPolicyEvaluator } from '../src/index.js';
import { CLUSTER_POLICY } from './cluster-policy.js';
import { walkRules } from './walk-rules.js';

const DECISIONS_PER_SECOND_MIN = 1_000_000;
const CALLS = 200_000;
const ROUNDS = 15;

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
  const [ours, theirs] = [evaluator.evaluate(request).rule, walkRules(CLUSTER_POLICY.rules, request)];
  if (ours !== theirs) throw new Error(`rule ${ours} and rule ${theirs} for ${JSON.stringify(request)}`);
}

let sink = 0;
function perSecond(decide: (attributes: AuditAttributes) => number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < CALLS; i++) sink += decide(requests[i % requests.length] as AuditAttributes);
  const { user, system } = process.cpuUsage(before);
  return (CALLS / (user + system)) * 1e6;
}
const contenders = [(a: AuditAttributes) => evaluator.evaluate(a).rule, (a: AuditAttributes) => walkRules(CLUSTER_POLICY.rules, a)];
const best = contenders.map(() => 0);
for (let round = 0; round < ROUNDS; round++)
  for (const [i, decide] of contenders.entries()) best[i] = Math.max(best[i] as number, perSecond(decide));
const [compiled = 0, plain = 0] = best;
console.log(`${CLUSTER_POLICY.rules.length} rules, ${requests.length} kinds of requests, decisions per second of CPU (checksum ${sink})`);
console.log(`  compiled    ${Math.round(compiled).toLocaleString('en')}`);
console.log(`  plain walk  ${Math.round(plain).toLocaleString('en')}`);
if (compiled < DECISIONS_PER_SECOND_MIN) process.exitCode = 1;
