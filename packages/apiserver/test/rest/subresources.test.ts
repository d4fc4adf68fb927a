import { beforeAll, describe, expect, it } from 'vitest';
import { at, PATCH, useServer } from '../support/requests.js';

const core = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';
const container = { name: 'c', image: 'i' };

const requests = useServer();

beforeAll(async () => {
  await requests.until(`GET ${core}/serviceaccounts/default`, 200);
});

async function pod(spec: object = {}): Promise<string> {
  const name = requests.fresh('pod');
  await requests.ok(`POST ${core}/pods`, { metadata: { name }, spec: { containers: [container], ...spec } });
  return name;
}

describe('methods', () => {
  it.each([
    ['GET', 'status', 200],
    ['POST', 'status', 405],
    ['DELETE', 'status', 405],
    ['GET', 'binding', 405],
    ['GET', 'eviction', 405],
    ['POST', 'log', 405],
    ['PUT', 'exec', 405],
    ['POST', 'resize', 405],
    ['GET', 'ephemeralcontainers', 200],
    ['GET', 'scale', 404],
    ['POST', 'nosuch', 404],
    ['GET', 'status/deeper', 404],
  ])('%s pods/%s: %i', async (method, subresource, status) => {
    const name = await pod();
    expect((await requests.send(`${method} ${core}/pods/${name}/${subresource}`)).status).toBe(status);
  });
});

describe('scale', () => {
  const template = (app: string): object => ({ metadata: { labels: { app } }, spec: { containers: [container] } });
  const create = async (kind: string): Promise<string> => {
    const name = requests.fresh('w');
    const isOld = kind === 'replicationcontrollers';
    const base = isOld ? core : apps;
    const selector = isOld ? { app: name } : { matchLabels: { app: name } };
    await requests.ok(`POST ${base}/${kind}`, { metadata: { name }, spec: { replicas: 2, selector, template: template(name) } });
    return `${base}/${kind}/${name}`;
  };
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const scale = (path: string, more: object = {}): object => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: nameOf(path), namespace: 'default' },
    spec: { replicas: 3 },
    ...more,
  });

  it.each([['deployments'], ['replicasets'], ['statefulsets'], ['replicationcontrollers']])('of %s is read and written', async (kind) => {
    const path = await create(kind);
    const { metadata, ...rest } = await requests.ok(`GET ${path}/scale`);
    expect(rest).toEqual({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 0, selector: `app=${nameOf(path)}` },
    });
    expect(Object.keys(metadata).sort()).toEqual(['creationTimestamp', 'name', 'namespace', 'resourceVersion', 'uid']);
    expect((await requests.ok(`PUT ${path}/scale`, scale(path)))['spec']).toEqual({ replicas: 3 });
    expect((await requests.ok(`PATCH ${path}/scale`, { spec: { replicas: 0 } }, { type: PATCH.strategic }))['spec']).toEqual({});
    const object = await requests.ok(`GET ${path}`);
    expect([at(object, 'spec.replicas'), object.metadata['generation']]).toEqual([0, 3]);
  });

  it('daemon sets have none', async () => {
    expect((await requests.send(`GET ${apps}/daemonsets/x/scale`)).status).toBe(404);
  });

  it('is refused when it is another object or kind', async () => {
    const path = await create('deployments');
    const refusal = (more: object): Promise<unknown[]> => requests.refusal(`PUT ${path}/scale`, scale(path, more));
    expect(await refusal({ kind: 'Deployment' })).toEqual([
      400,
      'BadRequest',
      'Deployment in version "v1" cannot be handled as a Scale: no kind "Deployment" is registered for version "autoscaling/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ]);
    expect(await refusal({ metadata: { name: 'x' } })).toEqual([
      400,
      'BadRequest',
      `the name of the object (x) does not match the name on the URL (${nameOf(path)})`,
    ]);
    expect(await refusal({ metadata: {} })).toEqual([
      400,
      'BadRequest',
      `the name of the object (${nameOf(path)} based on URL) was undeterminable: name must be provided`,
    ]);
    expect(await refusal({ spec: { replicas: -1 } })).toEqual([
      422,
      'Invalid',
      `Scale.autoscaling "${nameOf(path)}" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0`,
    ]);
    expect(await refusal({ spec: { replicas: 'x' } })).toEqual([
      400,
      'BadRequest',
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32',
    ]);
  });
});

describe('binding and eviction', () => {
  const SUCCESS = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

  it('a pod is bound once, to a node', async () => {
    const name = await pod();
    const path = `${core}/pods/${name}/binding`;
    const binding = (target: object, metadata: object = { name }): object => ({ apiVersion: 'v1', kind: 'Binding', metadata, target });
    const node = { kind: 'Node', name: 'n' };
    expect(await requests.refusal(`POST ${path}`, binding(node, { name: 'other' }))).toEqual([
      400,
      'BadRequest',
      'name in URL does not match name in Binding object',
    ]);
    expect(await requests.refusal(`POST ${path}`, {})).toEqual([400, 'BadRequest', 'name in URL does not match name in Binding object']);
    expect((await requests.refusal(`POST ${path}`, binding({ kind: 'Pod', name: 'n' }))).slice(0, 2)).toEqual([422, 'Invalid']);
    expect(await requests.ok(`POST ${path}?dryRun=All`, binding(node))).toEqual(SUCCESS);
    expect(await requests.ok(`POST ${core}/bindings`, binding(node))).toEqual(SUCCESS);
    expect(await requests.refusal(`POST ${path}`, binding(node))).toEqual([
      409,
      'Conflict',
      `Operation cannot be fulfilled on pods/binding "${name}": pod ${name} is already assigned to node "n"`,
    ]);
  });

  it('an eviction deletes, under the conditions that it names', async () => {
    const name = await pod();
    const path = `${core}/pods/${name}/eviction`;
    const eviction = (deleteOptions?: object): object => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, deleteOptions });
    expect(await requests.refusal(`POST ${path}`, {})).toEqual([400, 'BadRequest', 'name in URL does not match name in Eviction object']);
    expect((await requests.refusal(`POST ${path}`, eviction({ preconditions: { uid: 'x' } }))).slice(0, 2)).toEqual([409, 'Conflict']);
    expect((await requests.refusal(`POST ${path}`, eviction({ dryRun: ['Some'] }))).slice(0, 2)).toEqual([422, 'Invalid']);
    expect(await requests.ok(`POST ${path}`, eviction({ dryRun: ['All'] }))).toEqual(SUCCESS);
    expect((await requests.send(`GET ${core}/pods/${name}`)).status).toBe(200);
    expect(await requests.ok(`POST ${path}`, eviction())).toEqual(SUCCESS);
    expect((await requests.send(`GET ${core}/pods/${name}`)).status).toBe(404);
  });
});

describe('connections', () => {
  const notFound = (kind: string, name: string): unknown[] => [404, 'NotFound', `${kind} "${name}" not found`];
  const bad = (message: string): unknown[] => [400, 'BadRequest', message];

  it('logs of a pod that no node runs are empty', async () => {
    const name = await pod();
    const { status, text } = await requests.send(`GET ${core}/pods/${name}/log?container=c`);
    expect([status, text]).toEqual([204, '']);
    expect(await requests.refusal(`GET ${core}/pods/none/log`)).toEqual(notFound('pods', 'none'));
    const assigned = await pod({ nodeName: 'gone' });
    expect(await requests.refusal(`GET ${core}/pods/${assigned}/log`)).toEqual(notFound('nodes', 'gone'));
  });

  it.each([
    ['tailLines=-1', 'tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['limitBytes=0', 'limitBytes: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=0', 'sinceSeconds: Invalid value: 0: must be greater than 0'],
  ])('logs with %s are refused', async (query, fault) => {
    const message = `PodLogOptions "none" is invalid: ${fault}`;
    expect(await requests.refusal(`GET ${core}/pods/none/log?${query}`)).toEqual([422, 'Invalid', message]);
    expect(await requests.refusal(`GET ${core}/pods/none/log?tailLines=x`)).toEqual(bad('strconv.ParseInt: parsing "x": invalid syntax'));
  });

  it.each([
    ['GET', 'log'],
    ['POST', 'exec'],
    ['GET', 'attach'],
  ])('%s %s asks for a container of the pod', async (method, subresource) => {
    const name = await pod({ containers: [container, { ...container, name: 'd' }] });
    const line = `${method} ${core}/pods/${name}/${subresource}`;
    expect(await requests.refusal(line)).toEqual(bad(`a container name must be specified for pod ${name}, choose one of: [c d]`));
    expect(await requests.refusal(`${line}?container=x`)).toEqual(bad(`container x is not valid for pod ${name}`));
  });

  it.each([['exec?command=ls'], ['attach'], ['portforward']])(
    '%s needs a host with an address, and a connection that goes on with another protocol',
    async (subresource) => {
      const name = await pod();
      expect(await requests.refusal(`POST ${core}/pods/${name}/${subresource}`)).toEqual(bad(`pod ${name} does not have a host assigned`));
      const assigned = async (status?: object): Promise<string> => {
        const node = requests.fresh('node');
        await requests.ok('POST /api/v1/nodes', { metadata: { name: node }, status });
        return `POST ${core}/pods/${await pod({ nodeName: node })}/${subresource}`;
      };
      expect(await requests.refusal(await assigned())).toEqual([500, undefined, 'no preferred addresses found; known addresses: []']);
      const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] };
      expect(await requests.refusal(await assigned(status))).toEqual(bad('Upgrade request required'));
    },
  );

  it('proxies to what has no address', async () => {
    const name = await pod();
    const service = requests.fresh('s');
    await requests.ok(`POST ${core}/services`, { metadata: { name: service }, spec: { ports: [{ port: 80 }] } });
    const outcome = (path: string, method = 'GET'): Promise<unknown[]> => requests.refusal(`${method} ${path}`);
    expect(await outcome(`${core}/pods/${name}/proxy/x`)).toEqual(bad('address not allowed'));
    expect(await outcome(`${core}/pods/a:b:c:d/proxy/`)).toEqual(bad('invalid pod request "a:b:c:d"'));
    expect(await outcome(`${core}/services/ftp:${service}:80/proxy/`)).toEqual(bad(`invalid service request "ftp:${service}:80"`));
    expect(await outcome(`${core}/services/${service}/proxy/`, 'DELETE')).toEqual(notFound('endpoints', service));
    await requests.ok(`POST ${core}/endpoints`, { metadata: { name: service } });
    expect(await outcome(`${core}/services/${service}:80/proxy/`)).toEqual([
      503,
      'ServiceUnavailable',
      `no endpoints available for service "${service}"`,
    ]);
    expect(await outcome(`${core}/services/${service}:81/proxy/`)).toEqual([
      503,
      'ServiceUnavailable',
      `no service port 81 found for service "${service}"`,
    ]);
    expect(await outcome('/api/v1/nodes/none/proxy/metrics')).toEqual(notFound('nodes', 'none'));
  });
});

describe('tokens', () => {
  const ask = (spec: object | undefined, metadata: object = {}) =>
    requests.refusal(`POST ${core}/serviceaccounts/default/token`, { metadata, spec });

  it.each([
    [{ expirationSeconds: 600 }, [201]],
    [
      { expirationSeconds: 599 },
      [
        422,
        'Invalid',
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
      ],
    ],
    [
      { expirationSeconds: 2 ** 32 + 1 },
      [
        422,
        'Invalid',
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
      ],
    ],
    [{ boundObjectRef: { kind: 'Pod', name: 'none' } }, [404, 'NotFound', 'pods "none" not found']],
    [{ boundObjectRef: { kind: 'Secret', apiVersion: 'v2', name: 'none' } }, [404, 'NotFound', 'secrets "none" not found']],
    [{ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'none' } }, [404, 'NotFound', 'nodes "none" not found']],
    [
      { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1' } },
      [400, 'BadRequest', 'cannot bind token to object of type /v1, Kind=ConfigMap'],
    ],
    [{ boundObjectRef: { kind: 'Pod', apiVersion: 'x/v1' } }, [400, 'BadRequest', 'cannot bind token to object of type x/v1, Kind=Pod']],
  ])('%j', async (spec, outcome) => {
    expect(await ask(spec)).toEqual(outcome);
  });

  it('are for the account of the path', async () => {
    const { uid } = (await requests.ok(`GET ${core}/serviceaccounts/default`)).metadata;
    expect(await ask({}, { uid })).toEqual([201]);
    expect(await ask({}, { uid: 'other' })).toEqual([
      409,
      'Conflict',
      `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "default": the UID in the token request (other) does not match the UID of the service account (${uid})`,
    ]);
    expect(await ask({}, { name: 'other' })).toEqual([
      422,
      'Invalid',
      'TokenRequest.authentication.k8s.io "default" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
    ]);
    expect(await requests.refusal(`POST ${core}/serviceaccounts/none/token`, {})).toEqual([
      404,
      'NotFound',
      'serviceaccounts "none" not found',
    ]);
  });
});
