/** A server on an etcd that a kube-apiserver has filled: objects lie there in protobuf. */
import { createBuiltInCatalogue, pruneAndDefault } from '@k/api';
import { encodeProtobuf } from '@k/api/protobuf';
import type { KubeObject } from '@k/apimachinery';
import type { KeyValueStore } from '@k/storage';
import { openEtcdStore } from '@k/storage/etcd';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStoredProtobuf } from '../src/stored-protobuf.js';
import { startTestServer, type TestServer } from '../src/testing.js';
import { map, metadata, stored } from './support/go-bytes.js';
import { CONFIG_MAP, STORED } from './support/kube-apiserver-objects.js';
import { randomValues } from './support/stored-values.js';

const MADE = { creationTimestamp: '2026-01-01T00:00:00Z' };
const named = (name: string, namespace = 'default') => ({ name, namespace, uid: `uid-${name}`, ...MADE });

describe('readStoredProtobuf', () => {
  const catalogue = createBuiltInCatalogue();
  const kinds = [...catalogue.definitions()].flatMap((definition) =>
    definition.storagePath === ''
      ? []
      : definition.versions.map((version) => ({ definition, version, kind: definition.kind, name: version.version })),
  );

  it.each(kinds)('reads $definition.group $name $kind as the object that it is', ({ definition, version, kind }) => {
    const { group, storageVersion, storagePath, convert, strategy } = definition;
    const apiVersion = group === '' ? version.version : `${group}/${version.version}`;
    for (const content of randomValues(version.schema, { count: 20, seed: kind.length })) {
      const object = { kind, apiVersion, ...(content as object) } as KubeObject;
      pruneAndDefault(object, version.schema, { fieldValidation: 'Ignore' });
      strategy.applyDefaults?.(object, version.version);
      const kept = version.version === storageVersion ? object : convert?.(object, storageVersion);
      expect(readStoredProtobuf(encodeProtobuf(object) as Buffer, storagePath, catalogue)).toEqual(kept);
    }
  });

  it.each([
    ['admissionregistration.k8s.io/v1beta1', 'MutatingAdmissionPolicy', 'mutatingadmissionpolicies'],
    ['admissionregistration.k8s.io/v1beta1', 'ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'],
    ['flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema', 'flowschemas'],
    ['networking.k8s.io/v1beta1', 'ServiceCIDR', 'servicecidrs'],
    ['storage.k8s.io/v1beta1', 'VolumeAttributesClass', 'volumeattributesclasses'],
  ])('reads %s %s, which became v1 as it was', (apiVersion, kind, path) => {
    const v1 = `${apiVersion.split('/')[0]}/v1`;
    const read = readStoredProtobuf(stored(apiVersion, kind, metadata('x')), path, catalogue);
    expect(read).toEqual(readStoredProtobuf(stored(v1, kind, metadata('x')), path, catalogue));
    expect([read.apiVersion, read.kind, read.metadata?.name]).toEqual([v1, kind, 'x']);
  });

  it('takes nothing that belongs elsewhere', () => {
    expect(() => readStoredProtobuf(CONFIG_MAP, 'secrets', catalogue)).toThrow('v1 ConfigMap is not stored at "secrets"');
    const beta = stored('resource.k8s.io/v1beta1', 'ResourceClaim', metadata('x'));
    expect(() => readStoredProtobuf(beta, 'resourceclaims', catalogue)).toThrow(
      'resource.k8s.io/v1beta1 ResourceClaim is not stored at "resourceclaims"',
    );
    expect(() => readStoredProtobuf(stored('v7', 'ConfigMap'), 'configmaps', catalogue)).toThrow(
      'v7 ConfigMap is not stored at "configmaps"',
    );
  });
});

if (hasEtcd()) {
  describe('a server on what a kube-apiserver has stored', () => {
    let etcd: EtcdProcess;
    let store: KeyValueStore;
    let server: TestServer;
    const put = async (path: string, value: Buffer) => expect((await store.create(`/registry/${path}`, value)).ok).toBe(true);
    const get = async (path: string) => (await server.client.request<Record<string, unknown>>('GET', path)).body;
    const valueAt = async (path: string) => (await store.get(`/registry/${path}`)).kv?.value.toString('utf8') ?? '';
    /** Without what the server adds: the resourceVersion. */
    const seen = async (path: string) => {
      const object = (await get(path)) as unknown as KubeObject;
      const { resourceVersion: _own, ...rest } = object.metadata ?? {};
      return { ...object, metadata: rest };
    };

    beforeAll(async () => {
      etcd = await EtcdProcess.start();
      store = await openEtcdStore({ endpoints: [etcd.url] });
      for (const [path, value] of Object.entries(STORED)) await put(path, value);
      server = await startTestServer({ store, users: [{ token: 'reader-token', username: 'reader' }] });
    }, 60_000);

    afterAll(async () => {
      await server?.close();
      await store?.close();
      await etcd?.dispose();
    });

    it('shows objects as they are in JSON', async () => {
      const { text: answer } = await server.client.request('GET', '/api/v1/namespaces/default/configmaps/a');
      const { kv } = await store.get('/registry/configmaps/default/a');
      expect(answer).toBe(
        `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"${kv?.modRevision}","name":"a","namespace":"default","uid":"u1","creationTimestamp":"2026-01-01T00:00:00Z"},"data":{"k":"v"}}\n`,
      );
      expect(await seen('/apis/apps/v1/namespaces/default/deployments/d')).toEqual({
        kind: 'Deployment',
        apiVersion: 'apps/v1',
        metadata: { ...named('d'), deletionGracePeriodSeconds: 0 },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: 'd' } },
          template: {
            metadata: { labels: { app: 'd' } },
            spec: {
              containers: [
                {
                  name: 'c',
                  image: 'i',
                  resources: {},
                  terminationMessagePath: '/dev/termination-log',
                  imagePullPolicy: 'Always',
                  terminationMessagePolicy: 'File',
                },
              ],
              restartPolicy: 'Always',
              terminationGracePeriodSeconds: 30,
              dnsPolicy: 'ClusterFirst',
              securityContext: {},
              schedulerName: 'default-scheduler',
            },
          },
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: 1 } },
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
        },
        status: {},
      });
      expect(await seen('/api/v1/namespaces/default/secrets/s')).toEqual({
        kind: 'Secret',
        apiVersion: 'v1',
        metadata: named('s'),
        data: { k: 'AP8B' },
        type: 'Opaque',
      });
      expect((await get('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n'))['spec']).toEqual({
        holderIdentity: 'n',
        leaseDurationSeconds: 40,
        renewTime: '2026-01-02T03:04:05.678901Z',
      });
    });

    it('shows them in every version, whichever was stored', async () => {
      const one = await get('/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/h');
      expect(one['spec']).toEqual({
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
        minReplicas: 2,
        maxReplicas: 5,
        targetCPUUtilizationPercentage: 60,
      });
      const two = await get('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/h');
      expect([two['apiVersion'], (two['spec'] as { metrics: unknown }).metrics]).toEqual([
        'autoscaling/v2',
        [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }],
      ]);
      const event = await get('/apis/events.k8s.io/v1/namespaces/default/events/e');
      expect([event['note'], event['deprecatedCount'], event['regarding']]).toEqual([
        'went well',
        3,
        { kind: 'Pod', namespace: 'default', name: 'p', apiVersion: 'v1' },
      ]);
      const core = await server.client.request('GET', '/api/v1/events?fieldSelector=involvedObject.name%3Dp');
      expect((core.body as unknown as { items: { message: string }[] }).items.map((item) => item.message)).toEqual(['went well']);
    });

    it('authorizes by them', async () => {
      const as = (path: string) => server.client.request('GET', path, { headers: { authorization: 'Bearer reader-token' } });
      expect((await as('/api/v1/namespaces/default/configmaps/a')).status).toBe(200);
      expect((await as('/api/v1/namespaces/default/secrets/s')).status).toBe(403);
    });

    it('stores them as JSON with the next write, also one that changes nothing', async () => {
      const path = '/api/v1/namespaces/default/configmaps/w';
      await put('configmaps/default/w', stored('v1', 'ConfigMap', metadata('w', 'default'), map(2, { k: '1' })));
      const body = { data: { k: '2' } };
      const patched = await server.client.request('PATCH', path, { body, headers: { 'content-type': 'application/merge-patch+json' } });
      expect([patched.status, (patched.body as unknown as { data: unknown }).data]).toEqual([200, { k: '2' }]);
      expect(JSON.parse(await valueAt('configmaps/default/w'))).toMatchObject({
        kind: 'ConfigMap',
        metadata: { uid: 'uid-w' },
        data: { k: '2' },
      });
      await put('configmaps/default/v', stored('v1', 'ConfigMap', metadata('v', 'default'), map(2, { k: '1' })));
      const same = await get('/api/v1/namespaces/default/configmaps/v');
      const written = await server.client.request('PUT', '/api/v1/namespaces/default/configmaps/v', { body: same });
      expect(written.status).toBe(200);
      expect(JSON.parse(await valueAt('configmaps/default/v'))).toMatchObject({ kind: 'ConfigMap', data: { k: '1' } });
      // An old revision is refused as ever.
      const late = await server.client.request('PUT', '/api/v1/namespaces/default/configmaps/v', { body: same });
      expect(late.status).toBe(409);
    });

    it('tells watchers of what comes, changes and goes in protobuf', async () => {
      const path = '/api/v1/namespaces/default/configmaps';
      const since = ((await get(path))['metadata'] as { resourceVersion: string }).resourceVersion;
      const value = (v: string) => stored('v1', 'ConfigMap', metadata('x', 'default', map(11, { x: v })), map(2, { v }));
      const key = '/registry/configmaps/default/x';
      await put('configmaps/default/x', value('1'));
      const first = (await store.get(key)).kv?.modRevision as number;
      const second = await store.update(key, value('2'), first);
      await store.delete(key, second.revision);
      const events = async (selector: string) => {
        const { text: lines } = await server.client.request('GET', `${path}?watch=1&resourceVersion=${since}&timeoutSeconds=1${selector}`);
        return lines
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { type: string; object: { data: { v: string } } })
          .map(({ type, object }) => `${type} ${object.data.v}`);
      };
      // The cache has heard of it when a read at the latest revision answers.
      await get(path);
      expect(await events('')).toEqual(['ADDED 1', 'MODIFIED 2', 'DELETED 2']);
      expect(await events('&labelSelector=x%3D1')).toEqual(['ADDED 1', 'DELETED 1']);
    });

    it('names the key of what cannot be read, and reads the rest', async () => {
      const path = '/api/v1/namespaces/default/configmaps';
      const pairs = [
        ['json', Buffer.from('{"kind":'), 'the value is not a JSON object'],
        ['cut', CONFIG_MAP.subarray(0, 40), 'the value is not a known object in protobuf'],
        ['foreign', stored('v1', 'Secret', metadata('foreign', 'default')), 'the value is not a known object in protobuf'],
        ['future', stored('v9', 'ConfigMap', metadata('future', 'default')), 'the value is not a known object in protobuf'],
      ] as const;
      for (const [name, value, reason] of pairs) {
        await put(`configmaps/default/${name}`, value);
        const { status, body } = await server.client.request<{ message: string }>('GET', `${path}/${name}`);
        expect([name, status, body.message]).toEqual([name, 500, `Internal error occurred: ${reason}`]);
        const list = await server.client.request<{ message: string }>('GET', path);
        const where = `unable to transform key "/registry/configmaps/default/${name}"`;
        expect([name, list.status, list.body.message]).toEqual([name, 500, `Internal error occurred: ${where}: ${reason}`]);
        expect((await server.client.request('GET', `${path}/a`)).status).toBe(200);
        const { kv } = await store.get(`/registry/configmaps/default/${name}`);
        await store.delete(`/registry/configmaps/default/${name}`, kv?.modRevision as number);
      }
      expect((await server.client.request('GET', path)).status).toBe(200);
    });
  });
}
