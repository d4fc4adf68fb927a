/** The README's controller works as it is written there. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkPolicy } from '../examples/check-policy.js';
import { admitConfigMap } from '../examples/custom-controller.js';

it('admits and changes what has a team', async () => {
  expect(await admitConfigMap({ team: 'web' })).toMatchObject({
    allowed: true,
    patch: [{ op: 'add', path: '/metadata/labels/admitted', value: 'true' }],
  });
});

it('refuses what has none', async () => {
  const outcome = await admitConfigMap({ app: 'x' });
  expect(outcome).toMatchObject({ allowed: false, reason: 'label "team" is missing', code: 403 });
  if (!outcome.allowed) expect(outcome.error.message).toBe('configmaps "settings" is forbidden: label "team" is missing');
});

it('is the code of the README', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/custom-controller.ts', import.meta.url), 'utf8');
  const [, shown = 'nothing'] = /```ts\n(class TeamLabel[\s\S]*?\n}\n)/.exec(readme) ?? [];
  expect(example).toContain(shown);
});

it('checks a manifest against a policy', async () => {
  const policy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: replicas }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments] }]
  validations: [{ expression: object.spec.replicas <= 5, message: at most 5 }]`;
  const deployment = (replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec: { replicas: ${replicas}, selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } } } }`;
  expect(await checkPolicy(policy, deployment(5))).toBe('allowed');
  const text = `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'replicas' with binding 'replicas' denied request: at most 5`;
  expect(await checkPolicy(policy, deployment(6))).toBe(text);
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`// ${text}`);
});
