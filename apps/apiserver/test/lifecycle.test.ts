/** Start, stop and crash: what is on disk, what is answered, what survives. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { agent, call, configMap, MAPS, TOKENS } from './http-client.js';
import { runMain, ServerProcess } from './server-process.js';

/** A file that is no PEM. */
const HERE = import.meta.filename;
const WRITES_BEFORE_CRASH = 100;

describe('the command line', () => {
  it('shows version and help', async () => {
    expect(await runMain(['--version'])).toEqual({ code: 0, stdout: 'Kubernetes v1.36.2\n', stderr: '' });
    const { code, stdout } = await runMain(['--help']);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => /^\S.* flags:$/.test(line))).toEqual([
      'Global flags:',
      'Generic flags:',
      'Etcd flags:',
      'Secure serving flags:',
      'Auditing flags:',
      'Authentication flags:',
      'Authorization flags:',
      'Admission flags:',
      'Logs flags:',
      'Misc flags:',
      'Embedded store and set-up flags:',
    ]);
  });

  it.each([
    [['--no-such-flag'], 'unknown flag: --no-such-flag'],
    [['--secure-port'], 'flag needs an argument: --secure-port'],
    [['--secure-port=ssh'], 'invalid argument "ssh" for "--secure-port" flag: must be a whole number'],
    [['--bind-address', 'example.com'], 'invalid argument "example.com" for "--bind-address" flag: must be an IP address, or IP:PORT'],
    [['--bind-address', '127.0.0.1:1', '--secure-port', '2'], '--secure-port 2 and the port in --bind-address 127.0.0.1:1 disagree'],
    [['--request-timeout=5'], 'invalid argument "5" for "--request-timeout" flag: must be a duration such as 300ms, 1m30s or 2h'],
    [['--token-auth-file', '/nowhere'], '--token-auth-file: cannot read "/nowhere": no such file'],
    [
      ['--etcd-servers', 'localhost:2379'],
      'invalid argument "localhost:2379" for "--etcd-servers" flag: must be scheme://host:port with http or https',
    ],
    [['serve'], 'unknown command "serve": a server takes flags alone; commands are snapshot and encryption'],
    [['--service-cluster-ip-range', '10.0.0.0'], '--service-cluster-ip-range: "10.0.0.0" is not a range of addresses such as 10.0.0.0/24'],
    [
      ['--max-requests-inflight=0', '--max-mutating-requests-inflight=0'],
      'invalid configuration: MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; they must add up to something positive',
    ],
    [['--service-cluster-ip-range='], '--service-cluster-ip-range must not be empty'],
    [['--service-node-port-range', '9-1'], '--service-node-port-range: "9-1" is not a range of ports such as 30000-32767'],
    [['--tls-cert-file', '/dev/null', '--tls-private-key-file', '/dev/null'], '--tls-cert-file: "/dev/null" is empty'],
    [['--tls-cert-file', HERE, '--tls-private-key-file', HERE], '--tls-cert-file: error:0480006C:PEM routines::no start line'],
    [['--audit-webhook-batch-throttle-qps=x'], 'invalid argument "x" for "--audit-webhook-batch-throttle-qps" flag: must be a number'],
    [['--service-account-lookup=false'], '--service-account-lookup=false: tokens of service accounts that are gone are always refused'],
    [['--enable-admission-plugins', 'Nope'], 'enable-admission-plugins plugin "Nope" is unknown'],
    [
      ['--audit-log-mode', 'never'],
      'invalid argument "never" for "--audit-log-mode" flag: must be one of batch, blocking, blocking-strict',
    ],
  ])('refuses %j before anything starts', async (args, reason) => {
    const { code, stdout, stderr } = await runMain(['--data-dir', '/nowhere/at/all', ...args]);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: `Error: ${reason}\nSee 'k-apiserver --help' for usage.\n` });
    expect(existsSync('/nowhere')).toBe(false);
  });
});

describe('a server that cannot start says why', () => {
  const usage = "See 'k-apiserver --help' for usage.\n";
  let server: ServerProcess;
  beforeAll(async () => {
    server = new ServerProcess(() => []);
    await server.start();
  });
  afterAll(() => server.dispose());

  it('the port is in use', async () => {
    const { port } = new URL(server.url);
    expect(await runMain(['--data-dir', join(server.dir, 'other'), '--secure-port', port])).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: --secure-port: cannot listen on 127.0.0.1:${port}: the port is in use\n${usage}`,
    });
  });

  it('another server has the folder', async () => {
    const { code, stderr } = await runMain(['--data-dir', server.dir, '--secure-port', '0']);
    expect([code, stderr.replace(/\d+\n/, 'PID\n')]).toEqual([
      1,
      `Error: the data folder "${join(server.dir, 'store')}" is in use by process PID\n`,
    ]);
  });

  it('the folder cannot be made, the address is not here', async () => {
    const file = join(server.dir, 'admin.kubeconfig');
    // Where the folder above is there and takes none.
    expect((await runMain(['--data-dir', '/proc/x/y', '--secure-port', '0'])).stderr).toBe(
      `Error: --data-dir: ENOENT: no such file or directory, mkdir '/proc/x'\n${usage}`,
    );
    expect((await runMain(['--data-dir', join(file, 'x'), '--secure-port', '0'])).stderr).toBe(
      `Error: --data-dir: ENOTDIR: not a directory, mkdir '${join(file, 'x')}'\n${usage}`,
    );
    expect((await runMain(['--data-dir', join(server.dir, 'other'), '--bind-address', '192.0.2.1', '--secure-port', '7'])).stderr).toBe(
      `Error: --bind-address: cannot listen on 192.0.2.1:7: this machine does not have the address\n${usage}`,
    );
  });
});

const stores = [{ name: 'the embedded store', etcd: false }, ...(hasEtcd() ? [{ name: 'etcd', etcd: true }] : [])];

describe.each(stores)('a server on $name', ({ etcd: usesEtcd }) => {
  let etcd: EtcdProcess | null = null;
  let server: ServerProcess;

  beforeAll(async () => {
    if (usesEtcd) etcd = await EtcdProcess.start();
    server = new ServerProcess((dir) => [
      '--token-auth-file',
      join(dir, 'tokens.csv'),
      ...(etcd === null ? [] : ['--etcd-servers', etcd.url]),
    ]);
    writeFileSync(join(server.dir, 'tokens.csv'), TOKENS);
    await server.start();
  });

  afterAll(async () => {
    await server?.dispose();
    await etcd?.dispose();
  });

  it('says where it is, and keeps the kubeconfig to its owner', () => {
    expect(server.stdout).toBe(
      `k-apiserver (Kubernetes v1.36.2) is ready at ${server.url}\n` +
        `  kubeconfig  ${server.kubeconfig}\n` +
        `  try         kubectl --kubeconfig ${server.kubeconfig} get namespaces\n`,
    );
    expect(statSync(server.kubeconfig).mode & 0o777).toBe(0o600);
    expect(statSync(join(server.dir, 'certs', 'ca.key')).mode & 0o777).toBe(0o600);
  });

  it('answers strangers 403 and bad tokens 401, in the words of kube-apiserver', async () => {
    expect((await call(server, 'GET', MAPS, { token: '' })).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
      reason: 'Forbidden',
      details: { kind: 'configmaps' },
      code: 403,
    });
    expect((await call(server, 'GET', MAPS, { token: 'wrong' })).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  });

  it('serves version, health and metrics', async () => {
    expect((await call(server, 'GET', '/version')).body).toMatchObject({ major: '1', minor: '36', gitVersion: 'v1.36.2' });
    expect((await call(server, 'GET', '/readyz')).text).toBe('ok');
    expect((await call(server, 'GET', '/livez?verbose')).text).toMatch(/^\[\+\]ping ok\n[\s\S]*livez check passed\n$/);
    expect((await call(server, 'GET', '/healthz/ping')).text).toBe('ok');
    const { text } = await call(server, 'GET', '/metrics');
    expect(text).toMatch(/^apiserver_request_total\{.*\} \d+$/m);
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) {
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
  });

  it('has every acknowledged write after kill -9, and the same certificates', async () => {
    const acknowledged = new Map<string, string>();
    let writing = true;
    const writers = Array.from({ length: 8 }, async (_, w) => {
      for (let i = 0; writing; i++) {
        const name = `crash-${w}-${i}`;
        try {
          const { status, body } = await call(server, 'POST', MAPS, { body: configMap(name, String(i)) });
          if (status === 201) acknowledged.set(name, (body.metadata as { resourceVersion: string }).resourceVersion);
        } catch {
          // The connection broke: this write may or may not be there.
          return;
        }
      }
    });
    await vi.waitUntil(() => acknowledged.size >= WRITES_BEFORE_CRASH, { timeout: 20_000, interval: 5 });
    await server.end('SIGKILL');
    writing = false;
    await Promise.all(writers);
    const ca = readFileSync(join(server.dir, 'certs', 'ca.crt'), 'utf8');
    await server.start();
    expect(readFileSync(join(server.dir, 'certs', 'ca.crt'), 'utf8')).toBe(ca);
    const { body } = await call(server, 'GET', MAPS);
    const found = new Map(
      (body.items as { metadata: { name: string; resourceVersion: string } }[]).map(({ metadata }) => [
        metadata.name,
        metadata.resourceVersion,
      ]),
    );
    expect([...acknowledged].filter(([name, version]) => found.get(name) !== version)).toEqual([]);
  });

  it('ends watches, finishes what is under way and exits with 0 on SIGTERM', async () => {
    const { body } = await request(`${server.url}${MAPS}?watch=1`, { dispatcher: agent, headers: { authorization: 'Bearer admin-token' } });
    const watched = body.text();
    const last = call(server, 'POST', MAPS, { body: configMap('last', 'x') });
    expect((await last).status).toBe(201);
    expect(await server.end('SIGTERM')).toBe(0);
    expect(await watched).toContain('"name":"last"');
    await server.start();
    expect((await call(server, 'GET', `${MAPS}/last`)).body.data).toEqual({ value: 'x' });
  });
});

it('ends in order, whenever a signal comes after it has said that it is ready', async () => {
  const server = new ServerProcess([]);
  try {
    for (let round = 0; round < 8; round++) {
      await server.start();
      expect(await server.end('SIGTERM')).toBe(0);
    }
  } finally {
    await server.dispose();
  }
});

it('goes on serving for --shutdown-delay-duration while it reports that it is not ready', async () => {
  const server = await ServerProcess.start(['--shutdown-delay-duration=5s']);
  try {
    expect((await call(server, 'GET', '/readyz', { token: '' })).status).toBe(200);
    const ended = server.end('SIGTERM');
    await vi.waitUntil(async () => (await call(server, 'GET', '/readyz', { token: '' })).status === 500, { timeout: 4000 });
    expect((await call(server, 'GET', '/livez', { token: '' })).status).toBe(200);
    expect(await ended).toBe(0);
  } finally {
    await server.dispose();
  }
});

if (hasEtcd()) {
  it('waits --etcd-healthcheck-timeout for an etcd that hangs, then answers health checks', async () => {
    const etcd = await EtcdProcess.start();
    const server = await ServerProcess.start(['--etcd-servers', etcd.url, '--etcd-healthcheck-timeout=4s']);
    try {
      expect((await call(server, 'GET', '/readyz', { token: '' })).status).toBe(200);
      await etcd.pause();
      const asked = Date.now();
      expect((await call(server, 'GET', '/readyz', { token: '' })).status).toBe(500);
      // Twice the default.
      expect(Date.now() - asked).toBeGreaterThan(3900);
    } finally {
      etcd.resume();
      await server.dispose();
      await etcd.dispose();
    }
  });
}
