/** Custom resources: status, versions, selectable fields, and schemas that change. */
import { describe, expect, it } from 'vitest';
import { CRDS, GROUP, object, pathOf, until, useCustomKinds, version } from '../support/custom-kinds.js';
import { PATCH } from '../support/requests.js';

const JSON_PATCH = { type: PATCH.json };
const { call, define, make } = useCustomKinds();

describe('objects', () => {
  it('need a version to be replaced, count generations, and keep status apart', async () => {
    await define('orders', 'Order', [version(object({ n: { type: 'integer' } }), { subresources: { status: {} } })]);
    const created = await make('orders', 'Order', 'a', { n: 1 }, { status: { n: 5 } });
    expect([created.body.status, created.body.metadata.generation]).toEqual([undefined, 1]);
    const blind = await call('PUT', pathOf('orders', 'a'), { apiVersion: `${GROUP}/v1`, kind: 'Order', metadata: { name: 'a' } });
    expect([blind.status, blind.body.message]).toEqual([
      422,
      `orders.${GROUP} "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
    ]);
    const status = { spec: { n: 9 }, status: { n: 1 }, metadata: { labels: { l: 'no' } } };
    const { body: after } = await call('PATCH', `${pathOf('orders', 'a')}/status`, status);
    expect([after.spec, after.status, after.metadata.labels, after.metadata.generation]).toEqual([{ n: 1 }, { n: 1 }, undefined, 1]);
    const wrong = await call('PATCH', `${pathOf('orders', 'a')}/status`, { status: { n: 'x' } });
    expect(wrong.body.message).toBe(
      `Order.${GROUP} "a" is invalid: status.n: Invalid value: "string": n in body must be of type integer: "string"`,
    );
    const { body: moved } = await call('PATCH', pathOf('orders', 'a'), { spec: { n: 2 }, status: { n: 7 } });
    expect([moved.spec, moved.status, moved.metadata.generation]).toEqual([{ n: 2 }, { n: 1 }, 2]);
    const strategic = await call('PATCH', pathOf('orders', 'a'), {}, { type: 'application/strategic-merge-patch+json' });
    expect(strategic.status).toBe(415);
    const scale = await call('GET', `${pathOf('orders', 'a')}/scale`);
    expect([scale.status, scale.body.message]).toEqual([404, `orders.${GROUP} "a" not found`]);
  });

  it('are converted by their version alone, lose what another does not know, and warn of old versions', async () => {
    const versions = [
      version(object({ a: { type: 'integer' }, both: { type: 'string' } })),
      version(object({ b: { type: 'integer' }, both: { type: 'string' } }), { name: 'v1beta1', storage: false, deprecated: true }),
    ];
    await define('parcels', 'Parcel', versions);
    await make('parcels', 'Parcel', 'p', { a: 1, both: 'x' });
    const old = await call('GET', pathOf('parcels', 'p', 'v1beta1'));
    expect([old.body.spec, old.headers['warning']]).toEqual([
      { both: 'x' },
      `299 - "${GROUP}/v1beta1 Parcel is deprecated; use ${GROUP}/v1 Parcel"`,
    ]);
    const moved = await call(
      'PATCH',
      `${CRDS}/parcels.${GROUP}`,
      [
        { op: 'replace', path: '/spec/versions/0/storage', value: false },
        { op: 'replace', path: '/spec/versions/1/storage', value: true },
      ],
      JSON_PATCH,
    );
    expect(moved.body.status?.storedVersions).toEqual(['v1', 'v1beta1']);
  });

  it('are selected by the fields that the definition names', async () => {
    const fields = { selectableFields: [{ jsonPath: '.spec.color' }, { jsonPath: '.spec.n' }] };
    await define('lamps', 'Lamp', [version(object({ color: { type: 'string' }, n: { type: 'integer' } }), fields)]);
    await make('lamps', 'Lamp', 'a', { color: 'blue', n: 1 });
    await make('lamps', 'Lamp', 'b', { n: 1 });
    const names = async (selector: string) =>
      (await call('GET', `${pathOf('lamps')}?fieldSelector=${encodeURIComponent(selector)}`)).body.items?.map(
        ({ metadata }) => metadata.name,
      );
    expect(await names('spec.color=blue')).toEqual(['a']);
    expect(await names('spec.color=,spec.n=1')).toEqual(['b']);
    const { status, body } = await call('GET', `${pathOf('lamps')}?fieldSelector=spec.other%3D1`);
    expect([status, body.message]).toEqual([400, 'field label not supported: spec.other']);
  });

  it('take the form of a schema that changed after they were stored', async () => {
    await define('boxes', 'Box', [version(object({ a: { type: 'string' }, b: { type: 'string' } }))]);
    await make('boxes', 'Box', 'x', { a: 'long text', b: 'y' });
    const at = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties';
    const patch = [
      { op: 'remove', path: `${at}/b` },
      { op: 'add', path: `${at}/c`, value: { type: 'string', default: 'new' } },
      { op: 'add', path: `${at}/a/maxLength`, value: 3 },
    ];
    expect((await call('PATCH', `${CRDS}/boxes.${GROUP}`, patch, JSON_PATCH)).status).toBe(200);
    const { body } = await until(
      () => call('GET', pathOf('boxes', 'x')),
      (answer) => answer.body.spec?.['b'] === undefined,
    );
    expect(body.spec).toEqual({ a: 'long text', c: 'new' });
    expect((await call('PATCH', pathOf('boxes', 'x'), { spec: { c: 'd' } })).body.spec).toEqual({ a: 'long text', c: 'd' });
    const refused = await call('PATCH', pathOf('boxes', 'x'), { spec: { a: 'other text' } });
    expect(refused.body.message).toBe(`Box.${GROUP} "x" is invalid: spec.a: Too long: may not be more than 3 bytes`);
  });
});
