/** The default roles of a cluster: what a restart puts right, what it leaves alone, and roles that gather the rules of others. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing.js';
import { type Loose, Requests } from './support/requests.js';

const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const OWN_RULE = { apiGroups: ['example.com'], resources: ['things'], verbs: ['get'] };

const dir = mkdtempSync(join(tmpdir(), 'k-default-roles-'));
let server: TestServer;
const requests = new Requests(() => server);
const role = (name: string): Promise<Loose> => requests.ok(`GET ${ROLES}/${name}`);

beforeAll(async () => {
  server = await startTestServer({ dir });
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

async function restart(): Promise<void> {
  await server.close();
  server = await startTestServer({ dir });
}

/** `name@resourceVersion` of all default roles and bindings. */
async function versions(): Promise<string[]> {
  const lists = await Promise.all([ROLES, BINDINGS].map((path) => requests.ok(`GET ${path}`)));
  return lists.flatMap(({ items }) => (items as Loose[]).map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`));
}

/** Changes what is there, once. */
async function change(path: string, edit: (object: Loose) => object): Promise<void> {
  await requests.ok(`PUT ${path}`, edit(await requests.ok(`GET ${path}`)));
}

describe('a restart', () => {
  it('writes nothing when all is as it should be', async () => {
    const before = await versions();
    expect(before.length).toBeGreaterThan(100);
    await restart();
    expect(await versions()).toEqual(before);
  });

  it('puts back default rules and labels that were taken away, and keeps what was added', async () => {
    const before = await role('system:kube-scheduler');
    const rules = before['rules'] as object[];
    await change(`${ROLES}/system:kube-scheduler`, (object) => {
      const { labels, ...metadata } = object.metadata;
      return { ...object, metadata, rules: [OWN_RULE, ...rules.slice(1)] };
    });
    await restart();
    const after = await role('system:kube-scheduler');
    expect(after['rules']).toEqual([OWN_RULE, ...rules.slice(1), rules[0]]);
    expect(after.metadata['labels']).toEqual({ 'kubernetes.io/bootstrapping': 'rbac-defaults' });
  });

  it('leaves the order of rules to whoever changed it', async () => {
    const before = await role('system:kube-controller-manager');
    const turned = [...(before['rules'] as object[])].reverse();
    expect(turned).not.toEqual(before['rules']);
    await change(`${ROLES}/system:kube-controller-manager`, (object) => ({ ...object, rules: turned }));
    const { metadata } = await role('system:kube-controller-manager');
    await restart();
    const after = await role('system:kube-controller-manager');
    expect([after['rules'], after.metadata.resourceVersion]).toEqual([turned, metadata.resourceVersion]);
  });

  it('changes nothing of a role that is not to be updated', async () => {
    await change(`${ROLES}/system:discovery`, (object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { [AUTO_UPDATE]: 'false' } },
      rules: [OWN_RULE],
    }));
    await restart();
    expect((await role('system:discovery'))['rules']).toEqual([OWN_RULE]);
  });

  it('makes a deleted role anew, and gives a binding its subjects back', async () => {
    const { rules } = await role('system:basic-user');
    await requests.ok(`DELETE ${ROLES}/system:basic-user`);
    await change(`${BINDINGS}/system:basic-user`, (object) => ({ ...object, subjects: [] }));
    await restart();
    expect((await role('system:basic-user'))['rules']).toEqual(rules);
    expect((await requests.ok(`GET ${BINDINGS}/system:basic-user`))['subjects']).toEqual([
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' },
    ]);
  });
});

describe('a role that gathers others', () => {
  const make = (name: string, labels: object, verbs: string[]): Promise<Loose> =>
    requests.ok(`POST ${ROLES}`, { metadata: { name, labels }, rules: [{ ...OWN_RULE, verbs }] });

  /** Asks until the rules of example.com in a role have these verbs. */
  async function untilVerbs(name: string, wanted: string[]): Promise<void> {
    await expect
      .poll(
        async () =>
          ((await role(name))['rules'] as (typeof OWN_RULE)[])
            .filter(({ apiGroups }) => apiGroups.includes('example.com'))
            .map(({ verbs }) => verbs.join()),
        { timeout: 30_000 },
      )
      .toEqual(wanted);
  }

  it('has the rules of the roles that it selects, those made later too, and loses those of roles that go', async () => {
    await make('things-reader', { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }, ['list']);
    for (const name of ['view', 'edit', 'admin']) await untilVerbs(name, ['list']);
    await make('things-writer', { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' }, ['create']);
    // In the order of the names of the roles; that of `view` comes last.
    await untilVerbs('edit', ['create', 'list']);
    await untilVerbs('view', ['list']);
    await requests.ok(`DELETE ${ROLES}/things-reader`);
    await untilVerbs('edit', ['create']);
    await untilVerbs('view', []);
  });

  it('is not written again when its rules stand in another order', async () => {
    await make('part-a', { gathered: 'yes' }, ['get']);
    await make('part-b', { gathered: 'yes' }, ['watch']);
    await requests.ok(`POST ${ROLES}`, {
      metadata: { name: 'gathering' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { gathered: 'yes' } }] },
    });
    await untilVerbs('gathering', ['get', 'watch']);
    await change(`${ROLES}/gathering`, (object) => ({ ...object, rules: [...(object['rules'] as object[])].reverse() }));
    const { resourceVersion } = (await role('gathering')).metadata;
    // A change that makes the controller look, and that shows when it has looked.
    await make('part-c', { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }, ['patch']);
    await untilVerbs('admin', ['create', 'patch']);
    expect([(await role('gathering')).metadata.resourceVersion, (await role('gathering'))['rules']]).toEqual([
      resourceVersion,
      [
        { ...OWN_RULE, verbs: ['watch'] },
        { ...OWN_RULE, verbs: ['get'] },
      ],
    ]);
  });
});
