import { beforeAll, describe, expect, it } from 'vitest';
import { useServer } from '../support/requests.js';

const TABLE = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } };
const core = '/api/v1/namespaces/default';

interface Table {
  kind: string;
  columnDefinitions: { name: string; type: string; format: string; priority: number }[];
  rows: { cells: unknown[]; object: unknown }[];
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

const requests = useServer();

beforeAll(async () => {
  for (const name of ['a', 'b', 'c']) {
    await requests.ok(`POST ${core}/configmaps`, { metadata: { name, labels: { l: name } }, data: { x: '1', y: '2' } });
  }
});

const table = async (path: string): Promise<Table> => (await requests.ok(`GET ${path}`, undefined, TABLE)) as unknown as Table;

describe('columns', () => {
  /** Name, type unless it is a string, format; `*` for those that wide output adds. */
  const shown = async (path: string): Promise<string> =>
    (await table(`${path}?limit=1`)).columnDefinitions
      .map(
        ({ name, type, format, priority }) =>
          `${name}${priority > 0 ? '*' : ''}${type === 'string' ? '' : `:${type}`}${format === '' ? '' : `/${format}`}`,
      )
      .join(' | ');

  it.each([
    ['/api/v1/pods', 'Name/name | Ready | Status | Restarts | Age | IP* | Node* | Nominated Node* | Readiness Gates*'],
    ['/api/v1/services', 'Name/name | Type | Cluster-IP | External-IP | Port(s) | Age | Selector*'],
    [
      '/api/v1/nodes',
      'Name/name | Status | Roles | Age | Version | Internal-IP* | External-IP* | OS-Image* | Kernel-Version* | Container-Runtime*',
    ],
    ['/api/v1/events', 'Last Seen | Type | Reason | Object | Subobject* | Source* | Message | First Seen* | Count* | Name*/name'],
    ['/api/v1/limitranges', 'Name/name | Created At:date'],
    [
      '/api/v1/persistentvolumeclaims',
      'Name/name | Status | Volume | Capacity | Access Modes | StorageClass | VolumeAttributesClass | Age | VolumeMode*',
    ],
    ['/apis/apps/v1/deployments', 'Name/name | Ready | Up-to-date | Available | Age | Containers* | Images* | Selector*'],
    [
      '/apis/apps/v1/daemonsets',
      'Name/name | Desired:integer | Current:integer | Ready:integer | Up-to-date:integer | Available:integer | Node Selector | Age | Containers* | Images* | Selector*',
    ],
    ['/apis/apps/v1/statefulsets', 'Name/name | Ready | Age | Containers* | Images*'],
    ['/apis/batch/v1/jobs', 'Name/name | Status | Completions | Duration | Age | Containers* | Images* | Selector*'],
    [
      '/apis/batch/v1/cronjobs',
      'Name/name | Schedule | Timezone | Suspend:boolean | Active:integer | Last Schedule | Age | Containers* | Images* | Selector*',
    ],
    ['/apis/autoscaling/v2/horizontalpodautoscalers', 'Name/name | Reference | Targets | MinPods | MaxPods | Replicas | Age'],
    ['/apis/policy/v1/poddisruptionbudgets', 'Name/name | Min Available | Max Unavailable | Allowed Disruptions:integer | Age'],
    ['/apis/rbac.authorization.k8s.io/v1/clusterroles', 'Name/name | Created At:date'],
    ['/apis/rbac.authorization.k8s.io/v1/rolebindings', 'Name/name | Role | Age | Users* | Groups* | ServiceAccounts*'],
    ['/apis/storage.k8s.io/v1/volumeattachments', 'Name/name | Attacher/name | PV | Node | Attached:boolean | Age'],
    ['/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', 'Name/name | Validations:integer | ParamKind | Age'],
    ['/apis/scheduling.k8s.io/v1/priorityclasses', 'Name/name | Value:integer | Global-Default:boolean | Age | PreemptionPolicy'],
    ['/apis/discovery.k8s.io/v1/endpointslices', 'Name/name | AddressType | Ports | Endpoints | Age'],
  ])('%s', async (path, columns) => {
    expect(await shown(path)).toBe(columns);
  });

  it('every kind that can be listed has some, with its name among them', async () => {
    const groups = (await requests.ok('GET /apis'))['groups'] as { versions: { groupVersion: string }[] }[];
    const versions = ['/api/v1', ...groups.flatMap((group) => group.versions.map(({ groupVersion }) => `/apis/${groupVersion}`))];
    for (const version of versions) {
      const resources = (await requests.ok(`GET ${version}`))['resources'] as { name: string; verbs: string[] }[];
      for (const { name, verbs } of resources) {
        if (name.includes('/') || !verbs.includes('list')) continue;
        const { kind, columnDefinitions } = await table(`${version}/${name}?limit=1`);
        expect([name, kind, columnDefinitions.filter(({ format }) => format === 'name').length > 0]).toEqual([name, 'Table', true]);
      }
    }
  });
});

describe('rows', () => {
  it('of pages go on like lists', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    for (const name of ['a', 'b', 'c']) await requests.ok(`POST ${leases}`, { metadata: { name }, spec: { holderIdentity: `of ${name}` } });
    const first = await table(`${leases}?limit=2`);
    expect([first.rows.map(({ cells }) => cells.slice(0, 2)), first.metadata.remainingItemCount]).toEqual([
      [
        ['a', 'of a'],
        ['b', 'of b'],
      ],
      1,
    ]);
    const next = await table(`${leases}?limit=2&continue=${first.metadata.continue}`);
    expect([next.rows.map(({ cells }) => cells[0]), next.metadata.continue]).toEqual([['c'], undefined]);
    expect(next.columnDefinitions).toHaveLength(3);
  });

  it('of one object, of nothing, of what was just made', async () => {
    const one = await table(`${core}/configmaps/a`);
    expect([one.rows.length, one.rows[0]?.cells.slice(0, 2)]).toEqual([1, ['a', 2]]);
    expect((await table(`${core}/configmaps?labelSelector=none`)).rows).toEqual([]);
    const made = await requests.ok(`POST ${core}/secrets`, { metadata: { name: 's' }, data: { k: 'dg==' } }, TABLE);
    expect((made as unknown as Table).rows[0]?.cells.slice(0, 3)).toEqual(['s', 'Opaque', 1]);
  });

  it.each([
    ['', { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }],
    ['Metadata', { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }],
    ['Object', { kind: 'ConfigMap', apiVersion: 'v1', data: { x: '1', y: '2' } }],
    ['None', null],
  ])('with includeObject=%s', async (include, expected) => {
    const { rows } = await table(`${core}/configmaps/a?includeObject=${include}`);
    if (expected === null) expect(rows[0]?.object).toBeNull();
    else expect(rows[0]?.object).toMatchObject({ ...expected, metadata: { name: 'a', labels: { l: 'a' } } });
    if (include !== 'Object') expect(rows[0]?.object ?? {}).not.toHaveProperty('data');
  });

  it('errors stay errors', async () => {
    const missing = await requests.send(`GET ${core}/configmaps/none`, undefined, TABLE);
    expect([missing.status, missing.body['kind'], missing.body.reason]).toEqual([404, 'Status', 'NotFound']);
    expect(await requests.refusal(`GET ${core}/configmaps?includeObject=All`, undefined, TABLE)).toEqual([
      400,
      'BadRequest',
      `Unable to convert to Table as requested: includeObject: Invalid value: "All": must be 'Metadata', 'Object', 'None', or empty`,
    ]);
  });

  it('deletions answer with a Status, discovery with no table', async () => {
    const deleted = await requests.send(`DELETE ${core}/configmaps/c`, undefined, TABLE);
    expect([deleted.status, deleted.body['kind'], deleted.body['status']]).toEqual([200, 'Status', 'Success']);
    expect((await requests.send('GET /api/v1', undefined, TABLE)).status).toBe(406);
  });
});

describe('aggregated discovery', () => {
  const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const read = (path: string, accept: string, more: Record<string, string> = {}) =>
    requests.send(`GET ${path}`, undefined, { headers: { accept, ...more } });

  it.each([
    ['/api', AGGREGATED],
    ['/apis', AGGREGATED],
    ['/apis', `${AGGREGATED};profile=nopeer`],
    ['/apis', `application/json;as=APIGroupDiscoveryList;v=v3;g=apidiscovery.k8s.io,${AGGREGATED}`],
  ])('%s as %s comes with a tag that spares the next answer', async (path, accept) => {
    const { status, headers, body } = await read(path, accept);
    expect([status, headers['content-type'], headers['vary'], body['kind'], body['apiVersion']]).toEqual([
      200,
      AGGREGATED,
      'Accept',
      'APIGroupDiscoveryList',
      'apidiscovery.k8s.io/v2',
    ]);
    expect(headers['etag']).toMatch(/^"[0-9A-F]{128}"$/);
    const again = await read(path, accept, { 'if-none-match': String(headers['etag']) });
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', headers['etag']]);
    expect((await read(path, accept, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('is there at the roots alone', async () => {
    expect((await read('/api/v1', AGGREGATED)).status).toBe(406);
    expect((await read('/apis/apps', `${AGGREGATED},application/json`)).body['kind']).toBe('APIGroup');
    expect((await read('/apis', 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList')).status).toBe(406);
    expect((await read('/apis', 'application/json')).body['kind']).toBe('APIGroupList');
  });

  it('OpenAPI documents are found by their hash, and redirect from another', async () => {
    const { body } = await requests.send('GET /openapi/v3');
    const url = (body['paths'] as Record<string, { serverRelativeURL: string }>)['apis/apps/v1']?.serverRelativeURL ?? '';
    const found = await requests.send(`GET ${url}`);
    expect([found.status, found.headers['cache-control'], url.endsWith(String(found.headers['etag']).replaceAll('"', ''))]).toEqual([
      200,
      'public, immutable',
      true,
    ]);
    const moved = await requests.send('GET /openapi/v3/apis/apps/v1?hash=OTHER');
    expect([moved.status, moved.headers['location']]).toEqual([301, url]);
    const v2 = await requests.send('GET /openapi/v2');
    const unchanged = await requests.send('GET /openapi/v2', undefined, { headers: { 'if-none-match': String(v2.headers['etag']) } });
    expect([v2.status, unchanged.status, unchanged.text]).toEqual([200, 304, '']);
  });
});
