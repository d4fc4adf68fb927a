/** A server pointed at an etcd in which a kube-apiserver has stored its objects: in protobuf, some of them encrypted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeProtobuf } from '@k/api/protobuf';
import type { KubeObject } from '@k/apimachinery';
import { EncryptionTransformer, inspectStoredValue, parseEncryptionConfiguration } from '@k/encryption';
import type { KeyValueStore } from '@k/storage';
import { openEtcdStore } from '@k/storage/etcd';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasKubectl, runMain, ServerProcess } from './server-process.js';

const CONFIG = `
kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
  - resources: [secrets]
    providers:
    - aescbc:
        keys: [{name: key1, secret: K7XSxhxZZ7Y5QZ0ckZjW8qY4b2X+J5GvP9N2bXxYqT8=}]
    - identity: {}
  - resources: [configmaps]
    providers:
    - secretbox:
        keys: [{name: key2, secret: K7XSxhxZZ7Y5QZ0ckZjW8qY4b2X+J5GvP9N2bXxYqT8=}]
    - identity: {}
`;

/** `v1 Secret` `hand` in `default`, of type `Opaque`, with `k` = ff 00: byte by byte. */
const SECRET_BY_HAND = Buffer.from(
  '6b387300 0a0c 0a027631 1206536563726574 123a 0a27 0a0468616e64 1200 1a0764656661756c74 2200 2a04752d3468 3200 3800 4208 0880f2d6ca06 1000 1207 0a016b 1202ff00 1a064f7061717565 1a00 2200'.replaceAll(
    ' ',
    '',
  ),
  'hex',
);

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'nginx', resources: { limits: { cpu: '500m' } } }], restartPolicy: 'Always' },
};
const metadata = (name: string, namespace = 'default') => ({
  name,
  namespace,
  uid: `uid-${name}`,
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const OBJECTS: Readonly<Record<string, object>> = {
  'namespaces/default': { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', uid: 'n' }, status: { phase: 'Active' } },
  'configmaps/default/settings': { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('settings'), data: { mode: 'fast' } },
  'deployments/default/web': {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('web'),
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template, strategy: { type: 'Recreate' } },
    status: { readyReplicas: 2, updatedReplicas: 2, availableReplicas: 2, replicas: 2 },
  },
  'services/specs/default/web': {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('web'),
    spec: {
      clusterIP: '10.0.0.77',
      clusterIPs: ['10.0.0.77'],
      type: 'ClusterIP',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
    },
  },
};

describe.runIf(hasKubectl() && hasEtcd())("a server on a kube-apiserver's data", () => {
  let etcd: EtcdProcess;
  let store: KeyValueStore;
  let server: ServerProcess;
  let encryption: EncryptionTransformer;
  const resourceOf = (key: string): string => key.split('/')[2] as string;
  const put = async (path: string, value: Buffer): Promise<void> => {
    const key = `/registry/${path}`;
    const written = await store.create(key, await encryption.encryptForResource(resourceOf(key), value, key));
    expect(written.ok).toBe(true);
  };
  /** A stored value, decrypted, and the provider that it is under. */
  const at = async (path: string): Promise<{ provider: string; text: string }> => {
    const key = `/registry/${path}`;
    const value = (await store.get(key)).kv?.value as Buffer;
    const { data } = await encryption.decryptForResource(resourceOf(key), value, key);
    return { provider: inspectStoredValue(value).provider, text: Buffer.from(data).toString('latin1') };
  };

  beforeAll(async () => {
    etcd = await EtcdProcess.start();
    store = await openEtcdStore({ endpoints: [etcd.url] });
    encryption = await EncryptionTransformer.fromConfig(parseEncryptionConfiguration(CONFIG));
    for (const [path, object] of Object.entries(OBJECTS)) await put(path, encodeProtobuf(object as KubeObject) as Buffer);
    await put('secrets/default/hand', SECRET_BY_HAND);
    server = new ServerProcess((dir) => {
      writeFileSync(join(dir, 'encryption.yaml'), CONFIG);
      return ['--etcd-servers', etcd.url, '--encryption-provider-config', join(dir, 'encryption.yaml')];
    });
    await server.start();
  }, 90_000);

  afterAll(async () => {
    await server?.dispose();
    await store?.close();
    await etcd?.dispose();
  });

  it('shows kubectl what there is', async () => {
    expect(await server.output('get deployments,services,configmaps,secrets -o name')).toBe(
      [
        'deployment.apps/web',
        'service/kubernetes',
        'service/web',
        'configmap/kube-root-ca.crt',
        'configmap/settings',
        'secret/hand',
        '',
      ].join('\n'),
    );
    expect((await server.output('get deployment web --no-headers')).replace(/ +/g, ' ')).toMatch(/^web 2\/2 2 2 \d+[a-z]/);
    expect(await server.output("get service web -o 'jsonpath={.spec.clusterIP} {.spec.ports[0].targetPort}'")).toBe('10.0.0.77 http');
    expect(await server.output("get secret hand -o 'jsonpath={.type} {.data.k} {.metadata.uid}'")).toBe('Opaque /wA= u-4h');
    expect(await at('secrets/default/hand')).toMatchObject({ provider: 'aescbc' });
    expect((await at('secrets/default/hand')).text.startsWith('k8s\0')).toBe(true);
  });

  it('writes them as JSON, encrypted as before', async () => {
    await server.output('label secret hand touched=yes');
    await server.output('patch configmap settings -p \'{"data":{"mode":"slow"}}\'');
    await server.output('scale deployment web --replicas=3');
    const secret = await at('secrets/default/hand');
    expect([secret.provider, JSON.parse(secret.text)]).toMatchObject([
      'aescbc',
      { kind: 'Secret', metadata: { uid: 'u-4h', labels: { touched: 'yes' } }, data: { k: '/wA=' } },
    ]);
    const settings = await at('configmaps/default/settings');
    expect([settings.provider, JSON.parse(settings.text).data]).toEqual(['secretbox', { mode: 'slow' }]);
    expect(JSON.parse((await at('deployments/default/web')).text).spec.replicas).toBe(3);
  });

  it('keeps them in a snapshot as they are', async () => {
    await put(
      'configmaps/default/later',
      encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('later') } as KubeObject) as Buffer,
    );
    const file = join(server.dir, 'data.snapshot');
    expect((await runMain(['snapshot', 'save', file, '--etcd-servers', etcd.url])).stderr).toBe('');
    const other = new ServerProcess((dir) => {
      writeFileSync(join(dir, 'encryption.yaml'), CONFIG);
      return ['--encryption-provider-config', join(dir, 'encryption.yaml')];
    });
    try {
      expect((await runMain(['snapshot', 'restore', file, '--data-dir', other.dir])).code).toBe(0);
      await other.start();
      expect(await other.output("get configmap later -o 'jsonpath={.metadata.uid}'")).toBe('uid-later');
      expect(await other.output("get service web -o 'jsonpath={.spec.clusterIP}'")).toBe('10.0.0.77');
    } finally {
      await other.dispose();
    }
  });

  it('tells the same of encryption as for other values', async () => {
    const run = (...words: string[]) =>
      runMain(['encryption', ...words, '--etcd-servers', etcd.url, '--encryption-provider-config', join(server.dir, 'encryption.yaml')]);
    expect((await run('status')).stdout).toMatch(/^secrets +aescbc +key1 +1 +0$/m);
    const shown = await run('decrypt', '/registry/configmaps/default/later');
    expect([shown.code, shown.stdout.startsWith('k8s\0')]).toEqual([0, true]);
  });
});
