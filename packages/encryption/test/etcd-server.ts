/** A real etcd for tests, and what they put into it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TxnRequestSchema, TxnResponseSchema } from '../src/gen/etcd_pb.js';
import { createUnaryClient } from '../src/grpc/unary-client.js';

const BATCH = 100;

/** Where a program is; `null` when it is not installed. */
export function findProgram(name: string): string | null {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((dir) => join(dir, name));
  return found.find((path) => existsSync(path)) ?? null;
}

/** Whether the etcd suites run. With K_REQUIRE_ETCD=1 a missing etcd is a failure instead. */
export function hasEtcd(): boolean {
  const isThere = findProgram('etcd') !== null && findProgram('etcdctl') !== null;
  if (!isThere && process.env['K_REQUIRE_ETCD'] === '1') throw new Error('K_REQUIRE_ETCD=1, but etcd and etcdctl are not installed');
  return isThere;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A running etcd. */
export class EtcdServer {
  readonly endpoint: string;
  readonly dir: string;
  readonly #process: ChildProcess;

  private constructor(endpoint: string, dir: string, child: ChildProcess) {
    this.endpoint = endpoint;
    this.dir = dir;
    this.#process = child;
  }

  static async start(): Promise<EtcdServer> {
    const dir = mkdtempSync(join(tmpdir(), 'etcd-'));
    const [client, peer] = [await freePort(), await freePort()];
    const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
    const child = spawn(
      'etcd',
      [
        ...['--data-dir', join(dir, 'data'), '--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
        ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`],
      ],
      { stdio: 'ignore' },
    );
    for (let attempt = 0; ; attempt++) {
      const { status } = spawnSync('etcdctl', ['--endpoints', clientUrl, 'endpoint', 'health'], {
        env: { ...process.env, ETCDCTL_API: '3' },
      });
      if (status === 0) break;
      if (attempt > 100) throw new Error('etcd did not start');
      await sleep(50);
    }
    return new EtcdServer(clientUrl, dir, child);
  }

  /** Runs etcdctl; answers its standard output. */
  ctl(...args: string[]): Buffer {
    const { status, stdout, stderr } = spawnSync('etcdctl', ['--endpoints', this.endpoint, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) throw new Error(`etcdctl ${args[0]} failed: ${stderr}`);
    return stdout;
  }

  /** Writes many values, without looking at what is there. */
  async putAll(entries: readonly (readonly [string, Uint8Array])[], lease = 0n): Promise<void> {
    const client = createUnaryClient(this.endpoint.replace('http://', ''), { timeoutMs: 20_000 });
    try {
      for (let at = 0; at < entries.length; at += BATCH) {
        await client.call('/etcdserverpb.KV/Txn', TxnRequestSchema, TxnResponseSchema, {
          success: entries.slice(at, at + BATCH).map(([key, value]) => ({
            request: { case: 'requestPut' as const, value: { key: Buffer.from(key), value, lease } },
          })),
        });
      }
    } finally {
      client.close();
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.dir, { recursive: true, force: true });
  }
}
