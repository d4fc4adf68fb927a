import { expect, it } from 'vitest';
import { createAdmissionRequest, MemoryObjects } from '../src/index.js';
import { ObjectCaches } from '../src/object-caches.js';

/** Objects whose caches are filled at the second try. */
class LateObjects extends MemoryObjects {
  tries = 0;

  override async ready(): Promise<void> {
    if (++this.tries === 1) throw new Error('the store is away');
  }
}

it('are waited for again after they could not be filled', async () => {
  const objects = new LateObjects();
  const caches = new ObjectCaches(objects, ['', 'pods']);
  const request = createAdmissionRequest({
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    object: {},
  });
  const ask = async () => caches.whenFilled(request, () => 'done');
  await expect(ask()).rejects.toThrow('the store is away');
  expect([await ask(), await ask(), objects.tries]).toEqual(['done', 'done', 2]);
});
