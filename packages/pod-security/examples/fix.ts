import { fixWorkload, formatChange } from '@k/pod-security';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  spec: { template: { spec: { hostPID: true, volumes: [{ name: 'logs', hostPath: { path: '/var/log' } }] } } },
};
const { object, changes, remaining } = fixWorkload(deployment, { level: 'baseline', version: 'v1.36' });

console.log(changes.map(formatChange)); // ['set spec.template.spec.hostPID: false']
console.log(object.spec.template.spec.hostPID); // false
console.log(remaining.map(({ check }) => check)); // ['hostPathVolumes']
