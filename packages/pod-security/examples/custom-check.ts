import { type Check, createEvaluator, DEFAULT_CHECKS } from '@k/pod-security';

const pinnedImages: Check = {
  id: 'pinnedImages',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run({ containers }) {
        const bad = containers.filter(({ container }) => !container.image?.includes('@sha256:'));
        if (bad.length === 0) return null;
        return {
          reason: 'image without digest',
          detail: bad.map(({ name }) => name).join(', '),
          fields: bad.map(({ path }) => `${path}.image`),
        };
      },
    },
  ],
};
const evaluate = createEvaluator([...DEFAULT_CHECKS.filter(({ id }) => id !== 'hostPorts'), pinnedImages]);
const pod = { spec: { containers: [{ name: 'web', image: 'nginx', ports: [{ hostPort: 80 }] }] } };

console.log(evaluate(pod, { level: 'baseline', version: 'latest' }).detail); // image without digest (web)
