/** What a controller in TypeScript does, with the client library that it would use. */
import { join } from 'node:path';
import {
  ApiextensionsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerProcess } from './server-process.js';

const namespace = 'default';

describe('@kubernetes/client-node', () => {
  let server: ServerProcess;
  const config = new KubeConfig();
  beforeAll(async () => {
    server = await ServerProcess.start();
    config.loadFromFile(join(server.dir, 'admin.kubeconfig'));
  });
  afterAll(() => server.dispose());

  it('follows objects with an informer while they are created, patched, replaced and deleted', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const seen: string[] = [];
    const informer = makeInformer(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: 'app=x' }),
      'app=x',
    );
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, ({ metadata, data }) => seen.push(`${verb} ${metadata?.name} ${JSON.stringify(data)}`));
    }
    await informer.start();
    const metadata = { name: 'settings', labels: { app: 'x' } };
    await core.createNamespacedConfigMap({ namespace, body: { metadata, data: { a: '1' } } });
    await core.patchNamespacedConfigMap(
      { namespace, name: 'settings', body: [{ op: 'replace', path: '/data/a', value: '2' }] },
      setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
    );
    await core.replaceNamespacedConfigMap({ namespace, name: 'settings', body: { metadata, data: { a: '3' } } });
    await core.deleteNamespacedConfigMap({ namespace, name: 'settings' });
    await expect
      .poll(() => seen, { timeout: 20_000 })
      .toEqual(['add settings {"a":"1"}', 'update settings {"a":"2"}', 'update settings {"a":"3"}', 'delete settings {"a":"3"}']);
    await informer.stop();
  });

  it('applies from the server side and reads what it applied', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const deployment = (replicas: number) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    });
    const apply = (replicas: number, manager: string) =>
      objects.patch<KubernetesObject>(deployment(replicas), undefined, undefined, manager, false, PatchStrategy.ServerSideApply);
    expect((await apply(2, 'one')).metadata?.generation).toBe(1);
    expect((await apply(3, 'one')).metadata?.generation).toBe(2);
    await expect(apply(4, 'two')).rejects.toMatchObject({
      code: 409,
      body: expect.stringContaining('Apply failed with 1 conflict: conflict with \\"one\\": .spec.replicas'),
    });
    expect(await objects.read(deployment(0))).toMatchObject({ spec: { replicas: 3, revisionHistoryLimit: 10 } });
  });

  it('renews a lease as a leader does, and loses it to whoever was faster', async () => {
    const coordination = config.makeApiClient(CoordinationV1Api);
    const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: new V1MicroTime() };
    const lease = await coordination.createNamespacedLease({ namespace, body: { metadata: { name: 'leader' }, spec } });
    const renewed = await coordination.replaceNamespacedLease({
      namespace,
      name: 'leader',
      body: { ...lease, spec: { ...spec, leaseTransitions: 1 } },
    });
    expect(renewed.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 1 });
    await expect(
      coordination.replaceNamespacedLease({ namespace, name: 'leader', body: { ...lease, spec: { ...spec, holderIdentity: 'b' } } }),
    ).rejects.toMatchObject({ code: 409 });
  });

  it('defines a kind and works with its objects and their status', async () => {
    await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({
      body: {
        metadata: { name: 'tasks.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'tasks', kind: 'Task' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              subresources: { status: {} },
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    spec: { type: 'object', properties: { size: { type: 'integer', _default: 1 } } },
                    status: { type: 'object', properties: { done: { type: 'boolean' } } },
                  },
                },
              },
            },
          ],
        },
      },
    });
    const custom = config.makeApiClient(CustomObjectsApi);
    const kind = { group: 'example.com', version: 'v1', namespace, plural: 'tasks' };
    const look = (): Promise<string> =>
      custom.listNamespacedCustomObject(kind).then(
        () => 'served',
        (error: { code: number }) => `refused with ${error.code}`,
      );
    // A definition is served a moment after it has been accepted.
    await expect.poll(look, { timeout: 20_000 }).toBe('served');
    const body = { apiVersion: 'example.com/v1', kind: 'Task', metadata: { name: 't' }, spec: {}, status: { done: true } };
    const created = await custom.createNamespacedCustomObject({ ...kind, body });
    expect(created).toMatchObject({ spec: { size: 1 }, metadata: { generation: 1 } });
    expect(created.status).toBeUndefined();
    const done = await custom.replaceNamespacedCustomObjectStatus({ ...kind, name: 't', body: { ...created, status: { done: true } } });
    expect(done).toMatchObject({ status: { done: true }, metadata: { generation: 1 } });
  });
});
