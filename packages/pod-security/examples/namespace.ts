import { evaluateWorkload, policyFromLabels } from '@k/pod-security';

const labels = {
  'pod-security.kubernetes.io/enforce': 'baseline',
  'pod-security.kubernetes.io/enforce-version': 'v1.30',
};
const { policy, errors } = policyFromLabels(labels);
const cronJob = { kind: 'CronJob', spec: { jobTemplate: { spec: { template: { spec: { hostIPC: true } } } } } };

console.log(errors); // []
console.log(policy.warn); // { level: 'baseline', version: 'v1.30' }
console.log(evaluateWorkload(cronJob, policy.enforce)?.violations[0]?.fields); // ['spec.jobTemplate.spec.template.spec.hostIPC']
