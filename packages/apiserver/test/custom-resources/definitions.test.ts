/** CustomResourceDefinitions: their names, their conditions, and their end. */
import { describe, expect, it } from 'vitest';
import { CRDS, definition, GROUP, object, pathOf, until, useCustomKinds, version } from '../support/custom-kinds.js';

const { call, define, make } = useCustomKinds();

describe('definitions', () => {
  it('are named, established, discovered, and gone with their objects', async () => {
    await define('carts', 'Cart', [version(object({ n: { type: 'integer' } }))], { shortNames: ['ct'] });
    const { body: crd } = await call('GET', `${CRDS}/carts.${GROUP}`);
    expect(crd.status?.acceptedNames).toEqual({
      plural: 'carts',
      singular: 'cart',
      kind: 'Cart',
      listKind: 'CartList',
      shortNames: ['ct'],
    });
    expect(crd.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
      ['NamesAccepted', 'True'],
      ['Established', 'True'],
    ]);
    const { body: list } = await call('GET', `/apis/${GROUP}/v1`);
    expect(list.resources).toEqual([expect.objectContaining({ name: 'carts', shortNames: ['ct'] })]);
    await make('carts', 'Cart', 'free', { n: 1 });
    await make('carts', 'Cart', 'held', { n: 1 }, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    const { body: gone } = await call('DELETE', `${CRDS}/carts.${GROUP}`);
    expect(gone.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    const late = await make('carts', 'Cart', 'late', {});
    expect([late.status, late.body.message]).toEqual([
      403,
      `carts.${GROUP} "late" is forbidden: create not allowed while custom resource definition is terminating`,
    ]);
    await until(
      () => call('GET', pathOf('carts', 'free')),
      ({ status }) => status === 404,
    );
    expect((await call('PATCH', pathOf('carts', 'held'), { metadata: { finalizers: null } })).status).toBe(200);
    await until(
      () => call('GET', `${CRDS}/carts.${GROUP}`),
      ({ status }) => status === 404,
    );
    const { status, text } = await call('GET', pathOf('carts'));
    expect([status, text]).toEqual([404, '404 page not found\n']);
  });

  it('wait for names that others hold, and get them when they are free', async () => {
    await define('firsts', 'Thing', [version(object({}))]);
    await call('POST', CRDS, definition('seconds', 'Thing', [version(object({}))]));
    const blocked = await until(
      () => call('GET', `${CRDS}/seconds.${GROUP}`),
      ({ body }) => body.status?.conditions?.length === 2,
    );
    expect(blocked.body.status?.conditions).toEqual([
      expect.objectContaining({
        type: 'NamesAccepted',
        status: 'False',
        reason: 'ListKindConflict',
        message: '"ThingList" is already in use',
      }),
      expect.objectContaining({ type: 'Established', status: 'False', reason: 'NotAccepted' }),
    ]);
    await call('DELETE', `${CRDS}/firsts.${GROUP}`);
    const freed = await until(
      () => call('GET', `${CRDS}/seconds.${GROUP}`),
      ({ body }) => body.status?.conditions?.[1]?.status === 'True',
    );
    expect(freed.body.status?.acceptedNames).toEqual({ plural: 'seconds', singular: 'thing', kind: 'Thing', listKind: 'ThingList' });
  });
});
