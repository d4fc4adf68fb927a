import { describe, expect, it } from 'vitest';
import { at, PATCH, useServer } from '../support/requests.js';

const STRATEGIC = { type: PATCH.strategic };
const core = (resource: string): string => `/api/v1/namespaces/default/${resource}`;
const deployments = '/apis/apps/v1/namespaces/default/deployments';

const requests = useServer();

const POD_SPEC = {
  containers: [
    {
      name: 'a',
      image: 'a:1',
      args: ['x', 'y'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
      ports: [{ containerPort: 80, name: 'web' }, { containerPort: 443 }],
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
    },
    { name: 'b', image: 'b:1' },
  ],
  volumes: [{ name: 'v', emptyDir: {} }],
  imagePullSecrets: [{ name: 'one' }],
  hostAliases: [{ ip: '10.1.1.1', hostnames: ['h'] }],
  tolerations: [{ key: 't', operator: 'Exists' }],
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }],
  nodeSelector: { disk: 'ssd' },
};

async function deployment(): Promise<string> {
  const name = requests.fresh();
  const labels = { app: name };
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: POD_SPEC } };
  await requests.ok(`POST ${deployments}`, { metadata: { name }, spec });
  return `${deployments}/${name}`;
}

/** Patches the pod template of a new deployment; the value at a path of its pod spec. */
async function podSpec(patch: object, field: string): Promise<unknown> {
  const object = await requests.ok(`PATCH ${await deployment()}`, { spec: { template: { spec: patch } } }, STRATEGIC);
  return at(object, `spec.template.spec${field === '' ? '' : `.${field}`}`);
}

const names = (list: unknown): string[] => (list as { name: string }[]).map(({ name }) => name);

describe('lists of the pod spec', () => {
  it('containers merge by name: what is new goes before what is there', async () => {
    const containers = [{ name: 'new', image: 'n' }];
    expect(names(await podSpec({ containers }, 'containers'))).toEqual(['new', 'a', 'b']);
    expect(await podSpec({ containers: [{ name: 'b', image: 'b:2' }] }, 'containers.1.image')).toBe('b:2');
    expect(await podSpec({ containers: [{ name: 'a', args: ['z'] }] }, 'containers.0.args')).toEqual(['z']);
    expect(await podSpec({ containers: [{ name: 'a', args: null }] }, 'containers.0.args')).toBeUndefined();
  });

  it('elements are deleted and lists replaced by directive', async () => {
    expect(names(await podSpec({ containers: [{ name: 'a', $patch: 'delete' }] }, 'containers'))).toEqual(['b']);
    expect(names(await podSpec({ containers: [{ $patch: 'replace' }, { name: 'z', image: 'z' }] }, 'containers'))).toEqual(['z']);
    expect(names(await podSpec({ containers: [{ name: 'none', $patch: 'delete' }] }, 'containers'))).toEqual(['a', 'b']);
    // An element that says so replaces the list, by the others.
    const replacing = [
      { name: 'b', $patch: 'replace' },
      { name: 'q', image: 'q' },
    ];
    expect(names(await podSpec({ containers: replacing }, 'containers'))).toEqual(['q']);
  });

  it.each([
    [
      'env by name',
      'env',
      [
        { name: 'B', value: 'two' },
        { name: 'A', $patch: 'delete' },
      ],
      [{ name: 'B', value: 'two' }],
    ],
    [
      'ports by containerPort',
      'ports',
      [{ containerPort: 443, name: 'tls' }],
      [
        { containerPort: 80, name: 'web', protocol: 'TCP' },
        { containerPort: 443, name: 'tls', protocol: 'TCP' },
      ],
    ],
    [
      'volume mounts by mountPath',
      'volumeMounts',
      [
        { mountPath: '/v', name: 'v', readOnly: true },
        { mountPath: '/w', name: 'v' },
      ],
      [
        { mountPath: '/v', name: 'v', readOnly: true },
        { mountPath: '/w', name: 'v' },
      ],
    ],
  ])('%s', async (_name, field, list, expected) => {
    expect(await podSpec({ containers: [{ name: 'a', [field]: list }] }, `containers.0.${field}`)).toEqual(expected);
  });

  it.each([
    ['imagePullSecrets by name', { imagePullSecrets: [{ name: 'two' }] }, 'imagePullSecrets', [{ name: 'two' }, { name: 'one' }]],
    ['hostAliases by ip', { hostAliases: [{ ip: '10.1.1.1', hostnames: ['i'] }] }, 'hostAliases', [{ ip: '10.1.1.1', hostnames: ['i'] }]],
    ['tolerations as a whole', { tolerations: [{ key: 'u', operator: 'Exists' }] }, 'tolerations', [{ key: 'u', operator: 'Exists' }]],
    [
      'topologySpreadConstraints by topologyKey',
      { topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 2 }] },
      'topologySpreadConstraints.0.maxSkew',
      2,
    ],
    ['maps key by key', { nodeSelector: { disk: null, arch: 'arm' } }, 'nodeSelector', { arch: 'arm' }],
    ['maps replaced', { nodeSelector: { $patch: 'replace', arch: 'arm' } }, 'nodeSelector', { arch: 'arm' }],
    ['maps deleted', { nodeSelector: { $patch: 'delete' } }, 'nodeSelector', undefined],
    ['nothing for null elsewhere', { priority: null }, 'priority', undefined],
  ])('%s', async (_name, patch, field, expected) => {
    expect(await podSpec(patch, field)).toEqual(expected);
  });

  it('volumes keep only the keys that are named', async () => {
    const volume = { name: 'v', configMap: { name: 'c' } };
    expect(await podSpec({ volumes: [{ ...volume, $retainKeys: ['name', 'configMap'] }] }, 'volumes')).toEqual([
      { name: 'v', configMap: { defaultMode: 420, name: 'c' } },
    ]);
    const path = await deployment();
    const refusal = (volumes: object[]): Promise<unknown[]> =>
      requests.refusal(`PATCH ${path}`, { spec: { template: { spec: { volumes } } } }, STRATEGIC);
    expect((await refusal([volume])).slice(0, 2)).toEqual([422, 'Invalid']);
    const unnamed = await refusal([{ ...volume, $retainKeys: ['name'] }]);
    expect(unnamed).toEqual([400, 'BadRequest', 'invalid patch format of retainKeys']);
  });

  it('$setElementOrder sorts what it names', async () => {
    const order = { '$setElementOrder/containers': [{ name: 'b' }, { name: 'new' }, { name: 'a' }] };
    expect(names(await podSpec({ ...order, containers: [{ name: 'new', image: 'n' }] }, 'containers'))).toEqual(['b', 'new', 'a']);
    expect(names(await podSpec({ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }, 'containers'))).toEqual(['b', 'a']);
    const env = { '$setElementOrder/env': [{ name: 'B' }, { name: 'A' }] };
    expect(names(await podSpec({ containers: [{ name: 'a', ...env }] }, 'containers.0.env'))).toEqual(['B', 'A']);
  });
});

describe('other kinds', () => {
  it('deployment strategies keep only the keys that are named', async () => {
    const path = await deployment();
    const strategy = async (patch: object): Promise<unknown> =>
      at(await requests.ok(`PATCH ${path}`, { spec: { strategy: patch } }, STRATEGIC), 'spec.strategy');
    expect(await strategy({ $retainKeys: ['type'], type: 'Recreate' })).toEqual({ type: 'Recreate' });
    expect(await strategy({ $retainKeys: ['type', 'rollingUpdate'], type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } })).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 2, maxUnavailable: '25%' },
    });
  });

  it('service ports merge by port', async () => {
    const name = requests.fresh('s');
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    await requests.ok(`POST ${core('services')}`, { metadata: { name }, spec: { ports } });
    const patch = {
      spec: {
        ports: [
          { port: 81, name: 'tls' },
          { port: 80, $patch: 'delete' },
        ],
      },
    };
    const object = await requests.ok(`PATCH ${core('services')}/${name}`, patch, STRATEGIC);
    expect(at(object, 'spec.ports')).toEqual([{ name: 'tls', port: 81, protocol: 'TCP', targetPort: 81 }]);
  });

  it('secrets of service accounts merge by name, their pull secrets do not merge', async () => {
    const name = requests.fresh();
    await requests.ok(`POST ${core('serviceaccounts')}`, {
      metadata: { name },
      secrets: [{ name: 'a' }],
      imagePullSecrets: [{ name: 'a' }],
    });
    const patch = { secrets: [{ name: 'b' }], imagePullSecrets: [{ name: 'b' }] };
    const object = await requests.ok(`PATCH ${core('serviceaccounts')}/${name}`, patch, STRATEGIC);
    expect([object['secrets'], object['imagePullSecrets']]).toEqual([[{ name: 'b' }, { name: 'a' }], [{ name: 'b' }]]);
  });

  it('conditions and addresses of nodes merge by type, taints are set as a whole', async () => {
    const name = requests.fresh('node');
    await requests.ok('POST /api/v1/nodes', { metadata: { name }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } });
    const status = async (patch: object): Promise<unknown> =>
      (await requests.ok(`PATCH /api/v1/nodes/${name}/status`, { status: patch }, STRATEGIC))['status'];
    await status({ conditions: [{ type: 'Ready', status: 'False' }], addresses: [{ type: 'Hostname', address: 'h' }] });
    const addresses = [{ type: 'InternalIP', address: '10.0.0.1' }];
    const now = await status({ conditions: [{ type: 'Ready', status: 'True' }], addresses });
    expect(at(now, 'conditions.0')).toMatchObject({ type: 'Ready', status: 'True' });
    expect(at(now, 'addresses')).toEqual([...addresses, { type: 'Hostname', address: 'h' }]);
    const taints = [{ key: 'b', effect: 'NoExecute' }];
    const node = await requests.ok(`PATCH /api/v1/nodes/${name}`, { spec: { taints } }, STRATEGIC);
    expect(at(node, 'spec.taints')).toEqual([expect.objectContaining({ key: 'b', effect: 'NoExecute' })]);
  });

  it('finalizers are a set, owners merge by uid', async () => {
    const name = requests.fresh();
    const owner = (uid: string, more: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid, ...more });
    const path = `${core('configmaps')}/${name}`;
    await requests.ok(`POST ${core('configmaps')}`, { metadata: { name, finalizers: ['x.io/a', 'x.io/b'] } });
    const metadata = async (patch: object, field: string): Promise<unknown> =>
      (await requests.ok(`PATCH ${path}?dryRun=All`, { metadata: patch }, STRATEGIC)).metadata[field];
    expect(await metadata({ finalizers: ['x.io/c', 'x.io/a'] }, 'finalizers')).toEqual(['x.io/c', 'x.io/a', 'x.io/b']);
    expect(await metadata({ '$deleteFromPrimitiveList/finalizers': ['x.io/a', 'x.io/none'] }, 'finalizers')).toEqual(['x.io/b']);
    const order = { '$setElementOrder/finalizers': ['x.io/b', 'x.io/c', 'x.io/a'], finalizers: ['x.io/c'] };
    expect(await metadata(order, 'finalizers')).toEqual(['x.io/b', 'x.io/c', 'x.io/a']);
    expect(await metadata({ finalizers: null }, 'finalizers')).toBeUndefined();
    const owners = { ownerReferences: [owner('u-1'), owner('u-2', { blockOwnerDeletion: true })] };
    await requests.ok(`PATCH ${path}`, { metadata: { ...owners, finalizers: null } }, STRATEGIC);
    const released = {
      ownerReferences: [
        { uid: 'u-1', $patch: 'delete' },
        { uid: 'u-2', blockOwnerDeletion: false },
      ],
    };
    expect(await metadata(released, 'ownerReferences')).toEqual([owner('u-2', { blockOwnerDeletion: false })]);
  });
});

describe('what is refused', () => {
  const spec = (patch: object): object => ({ spec: { template: { spec: patch } } });

  it.each([
    [{ data: { $patch: 'bogus', k: 'v' } }, 'unknown patch type: bogus in map: map[$patch:bogus k:v]'],
    [spec({ containers: [{ image: 'x' }] }), 'map: map[image:x] does not contain declared merge key: name'],
    [spec({ containers: [{ name: 'a', $patch: 'merge' }] }), 'merging lists cannot yet be specified in the patch'],
    [spec({ containers: [{ name: 'a', $patch: 'nope' }] }), 'unknown patch type: nope in map: map[$patch:nope name:a]'],
    [
      spec({ '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'z', image: 'z' }] }),
      "The order in patch list:\n[map[image:z name:z]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
    ],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'x' } }, 'invalid patch format of primitive list'],
    [{ spec: { strategy: { $retainKeys: 'type' } } }, 'invalid patch format of retainKeys'],
    ['[1]', 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['{', 'unexpected end of JSON input'],
  ])('%j', async (patch, message) => {
    expect(await requests.refusal(`PATCH ${await deployment()}`, patch, STRATEGIC)).toEqual([400, 'BadRequest', message]);
  });

  it('a value of the wrong type shows the patch', async () => {
    const path = await deployment();
    const [status, reason, message] = await requests.refusal(`PATCH ${path}`, { spec: { replicas: 'two' } }, STRATEGIC);
    expect([status, reason]).toEqual([422, 'Invalid']);
    expect(message).toBe(' "" is invalid: patch: Invalid value: "map[spec:map[replicas:two]]": unrecognized type: int32');
  });

  it('custom resources take none', async () => {
    const definition = {
      metadata: { name: 'lamps.strategic.example.com' },
      spec: {
        group: 'strategic.example.com',
        scope: 'Namespaced',
        names: { plural: 'lamps', kind: 'Lamp' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    await requests.ok('POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
    const lamps = '/apis/strategic.example.com/v1/namespaces/default/lamps';
    await requests.until(`GET ${lamps}`, 200);
    expect(await requests.refusal(`PATCH ${lamps}/a`, {}, STRATEGIC)).toEqual([
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    ]);
  });
});
