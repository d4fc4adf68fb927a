/** Commands beside and instead of a running server: snapshots from and into both stores, encryption at rest. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AES_GCM_CONFIG, ENCRYPTION_CONFIG } from './manifests.js';
import { hasKubectl, runMain, ServerProcess } from './server-process.js';

describe.runIf(hasKubectl() && hasEtcd())('snapshots', () => {
  let etcd: EtcdProcess;
  let embedded: ServerProcess;

  beforeAll(async () => {
    etcd = await EtcdProcess.start();
    embedded = await ServerProcess.start();
    await embedded.output('create configmap kept --from-literal=a=b');
    await embedded.output('create namespace team');
  });

  afterAll(async () => {
    await embedded?.dispose();
    await etcd?.dispose();
  });

  it('moves a cluster from the embedded store to etcd and back without loss', async () => {
    const file = join(embedded.dir, 'one.snapshot');
    const before = await embedded.output('get configmaps,namespaces,serviceaccounts,clusterroles -A -o json');
    const saved = await runMain(['snapshot', 'save', file, '--data-dir', embedded.dir]);
    expect(saved.stderr).toBe('');
    expect(saved.code).toBe(0);
    expect((await runMain(['snapshot', 'status', file])).stdout).toBe(saved.stdout);
    const keys = Number(/keys +(\d+)/.exec(saved.stdout)?.[1]);
    expect(keys).toBeGreaterThan(50);

    const refused = await runMain(['snapshot', 'restore', file, '--data-dir', embedded.dir, '--force']);
    expect([refused.code, refused.stderr.split('\n')[0]]).toEqual([
      1,
      `Error: snapshot restore: a server runs on "${embedded.dir}"; stop it first`,
    ]);
    await embedded.end('SIGTERM');

    const toEtcd = await runMain(['snapshot', 'restore', file, '--etcd-servers', etcd.url]);
    expect(toEtcd.stdout).toMatch(new RegExp(`^restored ${keys} keys at revision \\d+; resourceVersions are new: clients list anew\n$`));
    const again = await runMain(['snapshot', 'restore', file, '--etcd-servers', etcd.url]);
    expect([again.code, again.stderr]).toEqual([
      1,
      `Error: the store already holds ${keys} keys under "/": a restore would replace them\n`,
    ]);

    const back = join(embedded.dir, 'two.snapshot');
    expect((await runMain(['snapshot', 'save', back, '--etcd-servers', etcd.url])).code).toBe(0);
    const other = new ServerProcess([]);
    try {
      const restored = await runMain(['snapshot', 'restore', back, '--data-dir', other.dir]);
      expect(restored.stdout).toMatch(new RegExp(`^restored ${keys} keys at revision \\d+; resourceVersions are those of the snapshot\n$`));
      await other.start();
      const after = await other.output('get configmaps,namespaces,serviceaccounts,clusterroles -A -o json');
      const strip = (text: string): unknown[] =>
        (JSON.parse(text) as { items: { metadata: { resourceVersion?: string; name: string }; data?: object }[] }).items
          // These hold the certificates of the server that is asked.
          .filter(({ metadata }) => !['kube-root-ca.crt', 'extension-apiserver-authentication'].includes(metadata.name))
          .map(({ metadata: { resourceVersion: _version, ...metadata }, ...rest }) => ({ ...rest, metadata }));
      expect(strip(after)).toEqual(strip(before));
    } finally {
      await other.dispose();
    }
  });
});

describe.runIf(hasKubectl() && hasEtcd())('encryption of a running embedded store', () => {
  let server: ServerProcess;
  const config = (): string => join(server.dir, 'encryption.yaml');
  const run = (...words: string[]): ReturnType<typeof runMain> =>
    runMain(['encryption', ...words, '--data-dir', server.dir, '--encryption-provider-config', config()]);

  beforeAll(async () => {
    server = new ServerProcess((dir) => [
      '--encryption-provider-config',
      join(dir, 'encryption.yaml'),
      '--encryption-provider-config-automatic-reload',
    ]);
    writeFileSync(config(), ENCRYPTION_CONFIG);
    await server.start();
    for (const name of ['one', 'two', 'three']) await server.output(`create secret generic ${name} --from-literal=k=${name}`);
  });

  afterAll(async () => {
    await server?.dispose();
  });

  it('takes a new key while running, tells what is stale, and writes it anew', async () => {
    expect((await run('status')).stdout).toMatch(/^secrets +aescbc +key1 +3 +0$/m);
    writeFileSync(config(), AES_GCM_CONFIG.replace('    - identity: {}', `    - aescbc:${ENCRYPTION_CONFIG.split('- aescbc:')[1]}`));
    server.signal('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await server.output('create secret generic four --from-literal=k=four');
    const { stdout } = await run('status');
    expect(stdout).toMatch(/^secrets +aescbc +key1 +3 +3$/m);
    expect(stdout).toMatch(/^secrets +aesgcm +key1 +1 +0$/m);
    // A write that changes nothing writes a stale value anew.
    await server.output('replace -f -', await server.output('get secret one -o json'));
    expect((await run('rewrap')).stdout).toBe('2 of 4 values were written anew, 0 conflicts; 0 cannot be read\n');
    expect((await run('verify')).stdout).toBe('4 values are good, 0 of them stale; 0 cannot be read\n');
    const shown = await run('decrypt', '/registry/secrets/default/two');
    expect((JSON.parse(shown.stdout) as { data: object }).data).toEqual({ k: Buffer.from('two').toString('base64') });
    expect(await server.output("get secret three -o 'jsonpath={.data.k}'")).toBe(Buffer.from('three').toString('base64'));
  });
});
