/** The README's controller works as it is written there. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
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
