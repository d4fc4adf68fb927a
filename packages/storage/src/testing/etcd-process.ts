import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The `etcd` program: `K_ETCD` names it, else it is looked for in PATH. @returns null when there is none. */
export function findEtcd(): string | null {
  const candidates = process.env.K_ETCD ? [process.env.K_ETCD] : (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, 'etcd'));
  for (const path of candidates) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return null;
}

/**
 * Whether tests against a real etcd can run.
 *
 * @throws Error when there is no etcd although `K_REQUIRE_ETCD=1` says that there must be.
 */
export function hasEtcd(): boolean {
  const found = findEtcd() !== null;
  if (!found && process.env.K_REQUIRE_ETCD === '1') throw new Error('K_REQUIRE_ETCD=1, but there is no etcd in PATH and K_ETCD names none');
  return found;
}

/** Whether a process has threads that are not stopped, as Linux tells it. */
function isRunning(pid: number | undefined): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) => !/\) T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  } catch {
    return false;
  }
}

/** How a member is started. */
export interface EtcdProcessOptions {
  name?: string;
  /** Peers as etcd's `--initial-cluster` has them; absent = a cluster of one. */
  cluster?: { peerUrl: string; initialCluster: string };
  /** `https` needs the certificate flags in `args`. Default `http`. */
  scheme?: 'http' | 'https';
  /** Further flags. */
  args?: readonly string[];
}

/** A real etcd on a loopback port with a data folder of its own, to be stopped, killed, paused and started again. */
export class EtcdProcess {
  readonly url: string;
  readonly port: number;
  readonly #dir = mkdtempSync(join(tmpdir(), 'k-etcd-'));
  readonly #options: EtcdProcessOptions;
  readonly #peerUrl: string;
  readonly #healthUrl: string;
  #child: ChildProcess | null = null;
  #log = '';

  private constructor(ports: { client: number; peer: number; health: number }, options: EtcdProcessOptions) {
    const { client: port, peer: peerPort } = ports;
    this.#healthUrl = `http://127.0.0.1:${ports.health}`;
    this.port = port;
    this.url = `${options.scheme ?? 'http'}://127.0.0.1:${port}`;
    this.#peerUrl = options.cluster?.peerUrl ?? `http://127.0.0.1:${peerPort}`;
    this.#options = options;
  }

  /** Starts one and waits until it serves. */
  static async start(options: EtcdProcessOptions = {}): Promise<EtcdProcess> {
    const [client, peer, health] = (await freePorts(3)) as [number, number, number];
    const etcd = new EtcdProcess({ client, peer, health }, options);
    await etcd.start();
    return etcd;
  }

  /** Starts the members of a cluster together. */
  static async startCluster(size: number): Promise<EtcdProcess[]> {
    const ports = await freePorts(size * 3);
    const port = (index: number): number => ports[index] as number;
    const names = Array.from({ length: size }, (_, i) => `m${i}`);
    const peerUrl = (i: number): string => `http://127.0.0.1:${port(size + i)}`;
    const initialCluster = names.map((name, i) => `${name}=${peerUrl(i)}`).join(',');
    const members = names.map(
      (name, i) =>
        new EtcdProcess(
          { client: port(i), peer: port(size + i), health: port(2 * size + i) },
          { name, cluster: { peerUrl: peerUrl(i), initialCluster } },
        ),
    );
    await Promise.all(members.map((member) => member.start()));
    return members;
  }

  /** Starts it (again), on the same port and data. */
  async start(): Promise<void> {
    const path = findEtcd();
    if (path === null) throw new Error('there is no etcd in PATH, and K_ETCD names none');
    const { name = 'm', cluster, args = [] } = this.#options;
    const isCluster = cluster !== undefined;
    const child = spawn(
      path,
      [
        ...['--name', name, '--data-dir', this.#dir, '--logger', 'zap', '--log-level', 'warn'],
        ...['--listen-client-urls', this.url, '--advertise-client-urls', this.url],
        ...['--listen-metrics-urls', this.#healthUrl],
        ...['--listen-peer-urls', this.#peerUrl, '--initial-advertise-peer-urls', this.#peerUrl],
        ...['--initial-cluster', cluster?.initialCluster ?? `${name}=${this.#peerUrl}`],
        // A lone member need not wait a second for votes; leases shorter than that become possible as well.
        ...(isCluster
          ? ['--heartbeat-interval', '100', '--election-timeout', '1000']
          : ['--heartbeat-interval', '20', '--election-timeout', '200']),
        ...args,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    this.#log = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (this.#log = (this.#log + data).slice(-10_000)));
    await this.#waitUntilServing(child);
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops it in the middle of whatever it does; connections stay open and silent. */
  async pause(): Promise<void> {
    this.#child?.kill('SIGSTOP');
    // A signal takes its time: what is asked meanwhile would still be answered.
    while (isRunning(this.#child?.pid)) await sleep(1);
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Forgets everything, as a new disk would; only while it does not run. */
  removeData(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Ends it and removes its data. */
  async dispose(): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  async #waitUntilServing(child: ChildProcess): Promise<void> {
    const deadlineMs = Date.now() + 60_000;
    while (Date.now() < deadlineMs) {
      if (child.exitCode !== null) throw new Error(`etcd has ended with ${child.exitCode}: ${this.#log}`);
      if (await this.#isHealthy()) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`etcd has not become ready: ${this.#log}`);
  }

  async #isHealthy(): Promise<boolean> {
    try {
      const response = await fetch(`${this.#healthUrl}/health`, { signal: AbortSignal.timeout(1_000) });
      return ((await response.json()) as { health?: unknown }).health === 'true';
    } catch {
      return false;
    }
  }
}

/** Ports that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}
