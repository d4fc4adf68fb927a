import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

interface Thing {
  metadata: { name: string; uid: string; namespace?: string; deletionTimestamp?: string; ownerReferences?: { uid: string }[] };
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  closing.push(() => server.close());
  return server;
}

async function create(server: TestServer, path: string, metadata: object, more: object = {}): Promise<Thing> {
  const { status, body, text } = await server.client.request<Thing>('POST', path, { body: { metadata, ...more } });
  expect(text).toContain('"uid"');
  expect(status).toBe(201);
  return body;
}

const owned = (owner: Thing, more: object = {}): object[] => [
  { apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid, ...more },
];
const status = async (server: TestServer, path: string): Promise<number> => (await server.client.request('GET', path)).status;
/** An owner that is not there makes an object go; those made before it have been looked at by then, if they were going to be. */
const othersAreCollected = async (server: TestServer, name: string): Promise<void> => {
  const gone = { metadata: { name: 'nobody', uid: '11111111-1111-1111-1111-111111111111' } };
  await create(server, CONFIG_MAPS, { name, ownerReferences: owned(gone) });
  await expect.poll(() => status(server, `${CONFIG_MAPS}/${name}`), { timeout: 15_000 }).toBe(404);
};

describe('the garbage collector', () => {
  it('leaves what has an owner, and deletes it with the owner', async () => {
    const server = await start();
    const owner = await create(server, CONFIG_MAPS, { name: 'owner' });
    await create(server, CONFIG_MAPS, { name: 'dependent', ownerReferences: owned(owner) });
    await othersAreCollected(server, 'alone');
    expect(await status(server, `${CONFIG_MAPS}/dependent`)).toBe(200);
    await server.client.request('DELETE', `${CONFIG_MAPS}/owner`);
    await expect.poll(() => status(server, `${CONFIG_MAPS}/dependent`), { timeout: 15_000 }).toBe(404);
  });

  it('takes an owner of the same name and another uid for none', async () => {
    const server = await start();
    const owner = await create(server, CONFIG_MAPS, { name: 'owner' });
    const impostor = { metadata: { ...owner.metadata, uid: '22222222-2222-2222-2222-222222222222' } };
    await create(server, CONFIG_MAPS, { name: 'dependent', ownerReferences: owned(impostor) });
    await expect.poll(() => status(server, `${CONFIG_MAPS}/dependent`), { timeout: 15_000 }).toBe(404);
    expect(await status(server, `${CONFIG_MAPS}/owner`)).toBe(200);
  });

  it('looks for owners in the namespace of the dependent, and leaves what stands in none', async () => {
    const server = await start();
    await create(server, '/api/v1/namespaces', { name: 'elsewhere' });
    const owner = await create(server, '/api/v1/namespaces/elsewhere/configmaps', { name: 'owner' });
    await create(server, '/apis/rbac.authorization.k8s.io/v1/clusterroles', { name: 'cluster-wide', ownerReferences: owned(owner) });
    await create(server, CONFIG_MAPS, { name: 'foreign', ownerReferences: owned(owner) });
    await expect.poll(() => status(server, `${CONFIG_MAPS}/foreign`), { timeout: 15_000 }).toBe(404);
    await othersAreCollected(server, 'alone');
    expect(await status(server, '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-wide')).toBe(200);
  });

  it('lets a waiting owner go when its last dependent is given away', async () => {
    const server = await start();
    const owner = await create(server, CONFIG_MAPS, { name: 'owner' });
    const held = { name: 'held', finalizers: ['example.com/hold'], ownerReferences: owned(owner, { blockOwnerDeletion: true }) };
    await create(server, CONFIG_MAPS, held);
    await server.client.request('DELETE', `${CONFIG_MAPS}/owner?propagationPolicy=Foreground`);
    await expect
      .poll(async () => (await server.client.request<Thing>('GET', `${CONFIG_MAPS}/held`)).body.metadata.deletionTimestamp, {
        timeout: 15_000,
      })
      .toMatch(/Z$/);
    expect(await status(server, `${CONFIG_MAPS}/owner`)).toBe(200);
    await server.client.request('PATCH', `${CONFIG_MAPS}/held`, { body: { metadata: { ownerReferences: null } } });
    await expect.poll(() => status(server, `${CONFIG_MAPS}/owner`), { timeout: 15_000 }).toBe(404);
    expect(await status(server, `${CONFIG_MAPS}/held`)).toBe(200);
  });

  it('collects after a restart what lost its owner while nobody looked', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'k-gc-'));
    closing.push(() => rm(dir, { recursive: true, force: true }));
    const first = await startTestServer({ dir, disabledControllers: ['garbage-collector'] });
    const owner = await create(first, CONFIG_MAPS, { name: 'owner' });
    const stays = await create(first, CONFIG_MAPS, { name: 'stays' });
    await create(first, CONFIG_MAPS, { name: 'dependent', ownerReferences: owned(owner) });
    await create(first, CONFIG_MAPS, { name: 'kept', ownerReferences: owned(stays) });
    await first.client.request('DELETE', `${CONFIG_MAPS}/owner`);
    expect(await status(first, `${CONFIG_MAPS}/dependent`)).toBe(200);
    await first.close();
    const second = await start({ dir });
    await expect.poll(() => status(second, `${CONFIG_MAPS}/dependent`), { timeout: 15_000 }).toBe(404);
    expect(await status(second, `${CONFIG_MAPS}/kept`)).toBe(200);
  });
});
