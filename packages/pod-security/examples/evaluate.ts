import { evaluatePod } from '@k/pod-security';

const result = evaluatePod(
  { spec: { hostNetwork: true, containers: [{ name: 'web', image: 'nginx:1.27' }] } },
  { level: 'baseline', version: 'latest' },
);

console.log(result.allowed); // false
console.log(result.detail); // host namespaces (hostNetwork=true)
console.log(result.violations[0]?.fields); // ['spec.hostNetwork']
